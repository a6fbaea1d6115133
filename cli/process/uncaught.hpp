// Unexpected exceptions: memory is exhausted, or a call of MPI or the system fails.
#pragma once

#include "cli/process/launcher.hpp"

namespace mpiferry::cli {

// Within a handler of std::exception: reports it, and ends the job with its exit code.
[[noreturn]] void abort_after_exception(const Launcher& launcher);

}  // namespace mpiferry::cli
