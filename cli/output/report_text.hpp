// The report for people.
#pragma once

#include <string>

#include "engine/base/failure.hpp"
#include "engine/roles/report.hpp"

namespace mpiferry::cli {

// "mpiferry: error: <what, where, why>" and, on a line of its own, what to do next.
std::string error_text(const Failure& failure);

// The same in the words of the blocking script (-v), by the rank `self` that it happened to.
std::string own_failure_text(const Failure& failure, Rank self);
// The script's last lines (-v).
std::string closing_lines(const Report& report);
// What was done, how fast, where it is: for success. A failure's says how far it came.
// `profile` as in to_json.
std::string success_text(const Report& report, const std::string& profile);
std::string how_far_text(const Report& report);
// A line for each worker that could not write, and was passed over.
std::string warning_text(const Report& report);

}  // namespace mpiferry::cli
