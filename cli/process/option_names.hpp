// The engine's words for what a user has typed.
#pragma once

#include <string>
#include <string_view>

#include "engine/job/job_report.hpp"

namespace mpiferry::cli {

// The engine names a field of its options in backquotes, as its callers do: `stall_timeout`. On the
// command line that is --stall-timeout.
std::string with_option_names(std::string_view text);
Failure with_option_names(Failure failure);
// In all that has failed, for those who look for options there.
void name_options(JobReport& job);

}  // namespace mpiferry::cli
