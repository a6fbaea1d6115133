// What `mpiferry tune` says: for people, for programs, and for scatter.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options/tune_options.hpp"
#include "cli/output/progress_line.hpp"
#include "cli/output/report_file.hpp"
#include "cli/tune/sweep.hpp"
#include "cli/tune/tuning_choice.hpp"

namespace mpiferry::cli {

inline constexpr std::string_view kTuneSchema = "mpiferry.tune/1";
// One of another version may be replaced, too.
// scatter reads it again, so it is a regular file.
inline constexpr FileKind kProfileFile{"\"mpiferry.profile/", "profile", "--profile",
                                       /*streams=*/false};
inline constexpr FileKind kTuneFile{kTuneSchema, "report", "--json"};

struct TuneReport {
  const TuneArguments& arguments;
  const SweepResult& sweep;
  std::optional<TuningChoice> choice = {};  // nothing after a failure
  std::string date = {};                    // ISO 8601, UTC
  std::string version = {};
  std::string profile = {};  // the file that was written; empty: none
};

// "warm-up", "3 of 24"
std::string measurement_name(const SweepProgress& progress);
// "tune: 3 of 24  64.0 KiB x 32  2 s elapsed  ETA 16 s"
std::vector<Field> tune_fields(const SweepProgress& progress, std::chrono::nanoseconds budget);
// "412.3 MiB/s": always in this unit, so that speeds can be compared at a glance.
std::string rate_text(double gigabytes_per_second);
// The table, the advice and the rule behind it.
std::string tune_text(const TuneReport& report);
// Where the profile is and what it does; `at_default_place`: scatter finds it there.
std::string profile_text(const std::string& profile, bool at_default_place);
// After a failure: how far it came.
std::string tune_how_far_text(const SweepResult& sweep);

// docs/tuning.md has both schemas. profile_json needs a choice.
std::string tune_json(const TuneReport& report);
std::string profile_json(const TuneReport& report);

}  // namespace mpiferry::cli
