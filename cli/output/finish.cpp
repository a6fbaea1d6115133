#include "cli/output/finish.hpp"

#include <cerrno>
#include <utility>

#include "cli/process/exit_code.hpp"
#include "cli/process/finish.hpp"
#include "cli/process/message.hpp"

namespace mpiferry::cli {

int finish(const JobReport& job, const Summary& summary, const Output& output, ReportFile& file) {
  int code = exit_code(job.verdict);
  print_warnings(output, summary.warnings);
  std::FILE* const out = summary_stream(output, summary.warnings);
  if (job.failure) {
    print(stderr, summary.text);
  } else if (!output.quiet && !print(out, summary.text)) {
    code = exit_code(Errc::report_write_failed);
    print(stderr,
          error_text(print_failure(out, "the job is done, but its summary cannot be printed")));
  }
  if (Outcome written = file.publish(summary.json); !written) {
    if (code == 0) written.error().detail = "the job is done, but " + written.error().detail;
    code = report_unwritten(written.error(), code, output);
  }
  return code;
}

std::FILE* summary_stream(const Output& output, const std::string& warnings) {
  return warnings.empty() ? output.out : stderr;
}

void print_warnings(const Output& output, const std::string& warnings) {
  if (!output.quiet && !warnings.empty()) print(stderr, warnings);
}

Failure print_failure(std::FILE* out, std::string detail) {
  const int error = errno;
  return output_failure(out == stdout ? "standard output" : "standard error", "", error,
                        std::move(detail));
}

int report_unwritten(const Failure& failure, int code, const Output& output) {
  if (code != 0) {
    print_warnings(output, warning_text(failure));
    return code;
  }
  print(stderr, error_text(failure));
  return exit_code(failure.code);
}

std::string below_progress(const Output& output, const std::string& text) {
  return output.terminal ? "\n" + text : text;
}

void report_unreachable_master(const JobReport& job, const Output& output) {
  if (!job.abandoned || job.rank == kMaster || !job.failure) return;
  wait_for_turn(job.rank);
  print(stderr, below_progress(output, error_text(*job.failure)));
}

}  // namespace mpiferry::cli
