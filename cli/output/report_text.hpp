// The report for people.
#pragma once

#include <string>

#include "engine/base/failure.hpp"
#include "engine/job/report.hpp"

namespace mpiferry::cli {

// A failure in the words of the blocking script (-v), by the rank `self` that it happened to.
std::string own_failure_text(const Failure& failure, Rank self);
// The script's last lines (-v).
std::string closing_lines(const Report& report);
// What was done, how fast, and where it is: for success. `profile` as in to_json.
std::string success_text(const Report& report, const std::string& profile);
// A line about chunks that were damaged on the way, if any were.
std::string damaged_text(const Report& report);
// How far a job came that failed.
std::string how_far_text(const Report& report);
// A line for each worker that could not write and was passed over, and for a source that was
// replaced; empty if there is nothing to warn of.
std::string warnings_text(const Report& report);

}  // namespace mpiferry::cli
