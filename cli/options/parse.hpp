// The command line.
#pragma once

#include <string>
#include <variant>

#include "cli/options/option_origins.hpp"
#include "cli/options/retrieval_options.hpp"
#include "cli/options/tune_options.hpp"
#include "cli/output/show_progress.hpp"
#include "engine/roles/options.hpp"

namespace mpiferry::cli {

struct Arguments {
  Options options;
  ShowProgress progress = ShowProgress::automatic;
  bool chunk_size_given = false;  // else a profile may set it
  std::string profile = "auto";   // a file, "auto" or "none" (profile.hpp)
  std::string json;               // a file, "-" for standard output, or nothing
  bool quiet = false;
  bool verbose = false;
  OptionOrigins origins = {};
};

// Nothing is left to do but to print `text` and leave with `exit_code` (0 for --help, --version).
struct Leave {
  std::string text;
  int exit_code = 0;
};

// Every option may also come from MPIFERRY_<NAME> in the environment; the command line wins.
using Parsed = std::variant<Arguments, GatherArguments, VerifyArguments, TuneArguments, Leave>;
Parsed parse(int argc, const char* const* argv);

}  // namespace mpiferry::cli
