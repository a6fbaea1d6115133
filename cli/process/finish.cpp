#include "cli/process/finish.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "cli/process/message.hpp"
#include "engine/api/run.hpp"
#include "engine/mpi/finalize.hpp"

namespace mpiferry::cli {
namespace {

struct ReportLost {
  bool quiet;

  void operator()(const Failure& failure, int exit_code) const {
    if (exit_code != 0) {
      print(stderr, error_text(failure));
    } else if (!quiet) {
      print(stderr, warning_text(failure));
    }
  }
};

}  // namespace

void end_program(const JobReport& job, int exit_code, bool quiet) noexcept {
  finalize_and_exit(job, exit_code, ReportLost{quiet});
}

void end_program(int exit_code) noexcept {
  mpi::finalize_and_exit({.exit_code = exit_code, .on_lost = ReportLost{false}});
}

void delay_unless_first_rank(Rank self) {
  constexpr std::chrono::milliseconds kMaxDelay{1000};
  if (self <= Rank{1}) return;
  const std::chrono::milliseconds delay{300 + 10 * self.value};
  std::this_thread::sleep_for(std::min(delay, kMaxDelay));
}

}  // namespace mpiferry::cli
