// The command lines of `mpiferry gather` and `mpiferry verify`, which read what scatter has
// written.
#pragma once

#include "cli/options/common_options.hpp"
#include "engine/operations/gather/options.hpp"
#include "engine/operations/verify/options.hpp"

namespace mpiferry::cli {

struct GatherArguments : JobArguments {
  GatherOptions options;
};
struct VerifyArguments : JobArguments {
  VerifyOptions options;
};

// As add_scatter().
CLI::App& add_gather(CLI::App& app, GatherArguments& arguments);
CLI::App& add_verify(CLI::App& app, VerifyArguments& arguments);

}  // namespace mpiferry::cli
