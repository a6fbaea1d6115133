#include <cstdio>
#include <string>

#include "cli/commands/commands.hpp"
#include "cli/output/console.hpp"
#include "cli/output/finish.hpp"
#include "cli/output/output.hpp"
#include "cli/output/report_file.hpp"
#include "cli/output/report_json.hpp"
#include "cli/output/report_text.hpp"
#include "cli/output/retrieval_text.hpp"
#include "cli/output/version.hpp"
#include "cli/process/exit_code.hpp"
#include "cli/process/finish.hpp"
#include "cli/process/message.hpp"
#include "cli/process/start.hpp"
#include "engine/api/run.hpp"
#include "engine/mpi/environment.hpp"

namespace mpiferry::cli {
namespace {

bool writes_to_standard_output(const GatherOptions& options) {
  return is_standard_output(options.target);
}
bool writes_to_standard_output(const VerifyOptions& /*options*/) { return false; }

GatherReport run_job(const GatherOptions& options, Observer& observer) {
  return mpiferry::gather(mpi::Environment::world(), options, observer);
}
VerifyReport run_job(const VerifyOptions& options, Observer& observer) {
  return mpiferry::verify(mpi::Environment::world(), options, observer);
}

// What -v says has ended.
const char* name_of(const GatherReport& /*report*/) { return kFileTransfer; }
const char* name_of(const VerifyReport& /*report*/) { return kVerification; }

// What was wrong or, if nothing was, what was done.
std::string summary_of(const GatherReport& report) {
  return report.job.failure ? error_text(*report.job.failure) : gathered_text(report);
}
std::string summary_of(const VerifyReport& report) {
  return discrepancies_text(report) +
         (report.job.failure ? error_text(*report.job.failure) : verified_text(report));
}

// On rank 0. Returns the exit code.
template <class Report>
int finish_retrieval(const Report& report, const Output& output, ReportFile& file) {
  const JobReport& job = report.job;
  const Summary summary{
      .warnings = warnings_text(job), .text = summary_of(report), .json = to_json(report)};
  const int code = finish(job, summary, output, file);
  if (output.lines) print(output.out, closing_lines(job, name_of(report)));
  return code;
}

template <class Arguments>
int retrieve(Arguments arguments, const Launcher& launcher) {
  Start start{launcher};
  // One rank alone is welcome here; a foreign launcher's world of one rank, many times, is not.
  if (start.environment().size() == 1 && launcher.several()) {
    const Failure failure = too_few_ranks(launcher, mpi::Environment::library_version(), "");
    launcher.report_once([&failure] { print(stderr, error_text(failure)); });
    end_program(exit_code(failure.code));
  }
  start.check_ranks();
  arguments.options.job.build = build_text();
  const Output output = Output::choose(
      {.taken = is_standard_output(arguments.json) || writes_to_standard_output(arguments.options),
       .progress = arguments.progress,
       .quiet = arguments.quiet,
       .verbose = arguments.verbose});
  ReportFile file{kReportFile, arguments.json};
  Console console{output, file};
  auto report = run_job(arguments.options, console);
  console.clear_progress();
  JobReport& job = report.job;
  if (job.failure) arguments.origins.explain(*job.failure);
  report_unreachable_master(job, output);
  const int code =
      job.rank == kMaster ? finish_retrieval(report, output, file) : exit_code(job.verdict);
  end_program(job, code, output.quiet);
}

}  // namespace

int gather(const GatherArguments& arguments, const Launcher& launcher) {
  return retrieve(arguments, launcher);
}

int verify(const VerifyArguments& arguments, const Launcher& launcher) {
  return retrieve(arguments, launcher);
}

}  // namespace mpiferry::cli
