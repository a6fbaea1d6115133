// The last steps of every command that runs jobs.
#pragma once

#include <cstdio>
#include <string>

#include "engine/base/units.hpp"
#include "engine/mpi/environment.hpp"

namespace mpiferry::cli {

// Says it, or returns false: standard output may be full or closed.
bool say(std::FILE* out, const std::string& text);

// Meets the other ranks and ends MPI; if some rank is out of reach (`abandoned`, or it does not
// come), ends all ranks with `code` and does not return.
void leave_mpi(mpi::Environment& environment, Rank self, bool abandoned, int code);

}  // namespace mpiferry::cli
