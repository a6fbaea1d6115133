// mpiferry bench: the sweep that is installed beside the program.
#pragma once

#include <string>

#include "cli/process/launcher.hpp"

namespace mpiferry::cli {

// Whether the command line asks for it, or for its help: its own options are none of ours.
bool asks_for_bench(int argc, const char* const* argv) noexcept;

// Becomes <directory of the program>/../libexec/mpiferry/sweep with the arguments after `bench`,
// or --help.
// Returns an exit code, after a message on standard error, only if that cannot be.
int bench(const char* const* argv, const Launcher& launcher);

}  // namespace mpiferry::cli
