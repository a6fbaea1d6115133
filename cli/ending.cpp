#include "cli/ending.hpp"

#include <cerrno>
#include <chrono>
#include <optional>

#include "cli/exit_code.hpp"
#include "cli/report_text.hpp"

namespace mpiferry::cli {
namespace {

// How long the master waits for workers that have confirmed the end already. The workers wait for
// the master as long as it takes: it may have a large manifest to write.
constexpr std::chrono::seconds kFinalizePatience{30};

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
    say(stderr, error_text({.code = Errc::report_write_failed,
                            .path = "standard output",
                            .system_errno = errno,
                            .detail = "the job is done, but this can not be said there"}));
  }
  // One error, once: a report that could not be written was perhaps the job's failure already.
  if (const Outcome written = file.publish(words.json); !written && code == 0) {
    say(stderr, error_text(written.error()));
    code = exit_code(written.error().code);
  }
  return code;
}

void speak_for_lost_master(const Report& report) {
  if (report.abandoned && report.rank == Rank{1} && report.failure) {
    say(stderr, error_text(*report.failure));
  }
}

void leave_mpi(mpi::Environment& environment, Rank self, bool abandoned, int code) {
  std::optional<std::chrono::milliseconds> patience;
  if (self == kMaster) patience = kFinalizePatience;
  if (abandoned || !environment.finalize(patience, code)) mpi::Environment::abort(code);
}

}  // namespace mpiferry::cli
