// The command line as a whole: which command it is, and its arguments.
#pragma once

#include <string>
#include <variant>

#include "cli/options/retrieval_options.hpp"
#include "cli/options/scatter_options.hpp"
#include "cli/options/tune_options.hpp"

namespace mpiferry::cli {

// Nothing is left to do but to print `text` and to exit with `exit_code` (0 for --help, --version).
struct EarlyExit {
  std::string text;
  int exit_code = 0;
};

// Every option may also come from MPIFERRY_<NAME> in the environment; the command line wins.
using Parsed =
    std::variant<ScatterArguments, GatherArguments, VerifyArguments, TuneArguments, EarlyExit>;
Parsed parse(int argc, const char* const* argv);

}  // namespace mpiferry::cli
