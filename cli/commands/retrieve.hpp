// `mpiferry gather` and `mpiferry verify`, from MPI_Init to MPI_Finalize.
#pragma once

#include "cli/options/retrieval_options.hpp"
#include "cli/process/launcher.hpp"

namespace mpiferry::cli {

// Return the exit code.
int gather(const GatherArguments& arguments, const Launcher& launcher);
int verify(const VerifyArguments& arguments, const Launcher& launcher);

}  // namespace mpiferry::cli
