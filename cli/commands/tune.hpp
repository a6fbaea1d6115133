// `mpiferry tune`: measures, says what to use and why, writes the profile.
#pragma once

#include "cli/options/tune_options.hpp"
#include "cli/process/launcher.hpp"

namespace mpiferry::cli {

// From MPI_Init_thread to MPI_Finalize. Returns the exit code of this rank.
int tune(const TuneArguments& arguments, const Launcher& launcher);

}  // namespace mpiferry::cli
