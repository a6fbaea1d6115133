// The start of MPI, which waits for every rank.
#pragma once

#include "cli/launcher.hpp"
#include "engine/mpi/environment.hpp"

namespace mpiferry::cli {

// MPI_Init_thread, as mpi::Environment does it. Where it takes long, one rank says what it waits
// for: a host that does not answer, or has no such program, keeps the others here without a word.
mpi::Environment start_mpi(const Launcher& launcher);

}  // namespace mpiferry::cli
