// The end of this process, in agreement with the other ranks or without it.
#pragma once

#include "engine/base/units.hpp"
#include "engine/job/job_report.hpp"

namespace mpiferry::cli {

// Ends the process after a job, and where there was none. Where the ranks cannot leave together, it
// reports why. A job that is done stays done, so losing a rank after it is a warning, which `quiet`
// leaves out.
[[noreturn]] void end_program(const JobReport& job, int exit_code, bool quiet) noexcept;
[[noreturn]] void end_program(int exit_code) noexcept;

// For ranks that fail alike and then abort: waits as long as turn_of() says. Only those that are
// still there go on, as the first that aborts ends all that it can reach.
void wait_for_turn(Rank self);

}  // namespace mpiferry::cli
