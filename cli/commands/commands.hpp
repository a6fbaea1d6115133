// The commands, each from MPI_Init_thread to the end of the program. They return an exit code only
// where there is nothing to end.
#pragma once

#include "cli/options/retrieval_options.hpp"
#include "cli/options/scatter_options.hpp"
#include "cli/options/tune_options.hpp"
#include "cli/process/launcher.hpp"

namespace mpiferry::cli {

int scatter(const ScatterArguments& arguments, const Launcher& launcher);
int gather(const GatherArguments& arguments, const Launcher& launcher);
int verify(const VerifyArguments& arguments, const Launcher& launcher);
// Measures, advises, and writes the profile.
int tune(const TuneArguments& arguments, const Launcher& launcher);

}  // namespace mpiferry::cli
