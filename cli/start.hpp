// The start of MPI, which waits for every rank.
#pragma once

#include "cli/launcher.hpp"
#include "engine/mpi/environment.hpp"

namespace mpiferry::cli {

// MPI_Init_thread, as mpi::Environment does it. Where it takes long, one rank says what it waits
// for: a host that does not answer, or a rank that starts no such program, keeps the others here
// without a word. MPI starts alone where the launcher does not listen any more.
mpi::Environment start_mpi(const Launcher& launcher);

}  // namespace mpiferry::cli
