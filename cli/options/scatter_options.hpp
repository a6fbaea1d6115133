// The command line of `mpiferry scatter`.
#pragma once

#include <string>

#include "cli/options/common_options.hpp"
#include "cli/options/profile_path.hpp"
#include "engine/operations/scatter/options.hpp"

namespace mpiferry::cli {

struct ScatterArguments : JobArguments {
  ScatterOptions options;
  bool chunk_size_given = false;      // else a profile may set it
  std::string profile{kProfileAuto};  // a file, kProfileAuto or kProfileNone
};

// Adds the command to `app`; `arguments` must outlive it. Parsing also throws CLI::ParseError for
// values that contradict each other.
CLI::App& add_scatter(CLI::App& app, ScatterArguments& arguments);

}  // namespace mpiferry::cli
