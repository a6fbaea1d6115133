// From the command line to the exit code.
#pragma once

#include "cli/options/parse.hpp"
#include "cli/process/launcher.hpp"

namespace mpiferry::cli {

// Runs the command that was parsed, or exits early. Returns the exit code, if at all.
int run_command(const Parsed& parsed, const Launcher& launcher);

}  // namespace mpiferry::cli
