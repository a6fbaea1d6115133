// The results of `mpiferry tune` for people.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/output/progress_line.hpp"
#include "cli/tune/tune_report.hpp"

namespace mpiferry::cli {

// "warm-up", "3 of 24"
std::string measurement_name(const TuneProgress& progress);
// "tune: 3 of 24  64.0 KiB x 32  2 s elapsed  ETA 16 s"
std::vector<Field> tune_fields(const TuneProgress& progress, std::chrono::nanoseconds budget);
// "412.3 MiB/s": always in this unit, so that speeds can be compared at a glance.
std::string rate_text(double gigabytes_per_second);
// The table, the advice and the rule behind it.
std::string tune_text(const TuneReport& report);
// Where the profile is and what it does; `at_default_place`: scatter finds it there.
std::string profile_text(const std::string& profile, bool at_default_place);
// After a failure: how far it came.
std::string tune_how_far_text(const TuneResult& result);

}  // namespace mpiferry::cli
