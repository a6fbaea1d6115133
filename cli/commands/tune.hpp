// `mpiferry tune`, from MPI_Init_thread to MPI_Finalize: measures, advises, writes the profile.
#pragma once

#include "cli/options/tune_options.hpp"
#include "cli/process/launcher.hpp"

namespace mpiferry::cli {

// Returns the exit code of this rank, if at all.
int tune(const TuneArguments& arguments, const Launcher& launcher);

}  // namespace mpiferry::cli
