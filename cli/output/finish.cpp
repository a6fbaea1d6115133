#include "cli/output/finish.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "cli/output/report_text.hpp"
#include "cli/process/exit_code.hpp"
#include "engine/mpi/finalize.hpp"
#include "engine/roles/run.hpp"

namespace mpiferry::cli {
namespace {

// For a rank that leaves others the first word.
constexpr std::chrono::milliseconds kMaxDelay{1000};

// A job that is done stays done: then it is no error.
void tell_lost(const Failure& failure, int exit_code) {
  say(stderr, exit_code == 0 ? fmt::format("mpiferry: warning: {}\n", failure.message())
                             : error_text(failure));
}

}  // namespace

bool say(std::FILE* out, const std::string& text) {
  return std::fputs(text.c_str(), out) >= 0 && std::fflush(out) == 0;
}

int tell(const Report& report, const Words& words, ReportFile& file, std::FILE* out) {
  int code = exit_code(report.verdict);
  if (report.failure) {
    say(stderr, words.text);
  } else if (!words.quiet && !say(out, words.text)) {
    code = exit_code(Errc::report_write_failed);
    say(stderr,
        error_text(output_failure(out == stdout ? "standard output" : "standard error", "", errno,
                                  "the job is done, but its summary cannot be printed")));
  }
  if (Outcome written = file.publish(words.json); !written) {
    if (code == 0) written.error().detail = "the job is done, but " + written.error().detail;
    code = tell_unwritten(written.error(), code);
  }
  return code;
}

int tell_unwritten(const Failure& failure, int code) {
  if (code == 0) {
    say(stderr, error_text(failure));
    return exit_code(failure.code);
  }
  say(stderr, fmt::format("mpiferry: warning: {}\n", failure.message()));
  return code;
}

std::string below_progress(const Output& output, const std::string& text) {
  return output.terminal ? "\n" + text : text;
}

void let_lower_ranks_speak(Rank self) {
  if (self <= Rank{1}) return;
  const std::chrono::milliseconds later{300 + 10 * self.value};
  std::this_thread::sleep_for(std::min(later, kMaxDelay));
}

void report_unreachable_master(const Report& report, const Output& output) {
  if (!report.abandoned || report.rank == kMaster || !report.failure) return;
  let_lower_ranks_speak(report.rank);
  say(stderr, below_progress(output, error_text(*report.failure)));
}

void end_program(const Report& report, int exit_code) noexcept {
  finalize_and_exit(report, exit_code, tell_lost);
}

void end_program(int exit_code) noexcept {
  mpi::finalize_and_exit({.exit_code = exit_code, .on_lost = tell_lost});
}

}  // namespace mpiferry::cli
