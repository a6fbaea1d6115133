#include "cli/process/finish.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "cli/process/message.hpp"
#include "engine/api/run.hpp"
#include "engine/mpi/finalize.hpp"

namespace mpiferry::cli {
namespace {

// A job that is done stays done, so losing a rank after it is no error.
void report_lost(const Failure& failure, int exit_code) {
  print(stderr, exit_code == 0 ? warning_text(failure) : error_text(failure));
}

}  // namespace

void end_program(const JobReport& job, int exit_code) noexcept {
  finalize_and_exit(job, exit_code, report_lost);
}

void end_program(int exit_code) noexcept {
  mpi::finalize_and_exit({.exit_code = exit_code, .on_lost = report_lost});
}

void delay_unless_first_rank(Rank self) {
  constexpr std::chrono::milliseconds kMaxDelay{1000};
  if (self <= Rank{1}) return;
  const std::chrono::milliseconds delay{300 + 10 * self.value};
  std::this_thread::sleep_for(std::min(delay, kMaxDelay));
}

}  // namespace mpiferry::cli
