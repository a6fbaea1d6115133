// The report for people.
#pragma once

#include <string>

#include "engine/base/failure.hpp"
#include "engine/roles/report.hpp"

namespace mpiferry::cli {

// "mpiferry: error: <what, where, why>" and, on a line of its own, what to do next.
std::string error_text(const Failure& failure);

// What was done, how fast, where it is: for success. A failure's says how far it came.
std::string success_text(const Report& report);
std::string how_far_text(const Report& report);

}  // namespace mpiferry::cli
