// What `mpiferry tune` reports.
#pragma once

#include <optional>
#include <string>

#include "cli/options/tune_options.hpp"
#include "cli/tune/tune_result.hpp"
#include "cli/tune/tuning_choice.hpp"

namespace mpiferry::cli {

struct TuneReport {
  const TuneArguments& arguments;
  const TuneResult& result;
  std::optional<TuningChoice> choice = {};  // nothing after a failure
  std::string date = {};                    // ISO 8601, UTC
  std::string version = {};
  std::string profile = {};  // the file that was written; empty: none
};

}  // namespace mpiferry::cli
