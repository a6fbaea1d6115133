// mpiferry bench: the sweep that is installed beside the program.
#pragma once

#include "cli/process/launcher.hpp"

namespace mpiferry::cli {

// Whether the command line asks for it, or for its help. It parses its options itself.
bool asks_for_bench(int argc, const char* const* argv) noexcept;

// Replaces this program by <its directory>/../libexec/mpiferry/sweep with the arguments after
// `bench`, or --help. Returns an exit code, after a message on standard error, only if that fails.
int bench(const char* const* argv, const Launcher& launcher);

}  // namespace mpiferry::cli
