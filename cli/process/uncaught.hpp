// Exceptions that nobody expects: memory is exhausted, MPI or the system refuses to work.
#pragma once

#include "cli/process/launcher.hpp"

namespace mpiferry::cli {

// Within a handler of std::exception: reports it, and ends the job with its exit code.
[[noreturn]] void abort_after_exception(const Launcher& launcher);

}  // namespace mpiferry::cli
