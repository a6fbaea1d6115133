// `mpiferry scatter`, from MPI_Init_thread to MPI_Finalize.
#pragma once

#include "cli/options/scatter_options.hpp"
#include "cli/process/launcher.hpp"

namespace mpiferry::cli {

// Returns the exit code, if at all.
int scatter(ScatterArguments arguments, const Launcher& launcher);

}  // namespace mpiferry::cli
