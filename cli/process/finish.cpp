#include "cli/process/finish.hpp"

#include <thread>

#include "cli/process/message.hpp"
#include "engine/api/run.hpp"
#include "engine/base/turn.hpp"
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

void wait_for_turn(Rank self) { std::this_thread::sleep_for(turn_of(self)); }

}  // namespace mpiferry::cli
