// `mpiferry gather` and `mpiferry verify`, from MPI_Init_thread to MPI_Finalize.
#pragma once

#include "cli/options/retrieval_options.hpp"
#include "cli/process/launcher.hpp"

namespace mpiferry::cli {

// Return the exit code, if at all.
int gather(const GatherArguments& arguments, const Launcher& launcher);
int verify(const VerifyArguments& arguments, const Launcher& launcher);

}  // namespace mpiferry::cli
