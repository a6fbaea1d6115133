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

Report run_job(const GatherOptions& options, Observer& observer) {
  return mpiferry::gather(mpi::Environment::world(), options, observer);
}
Report run_job(const VerifyOptions& options, Observer& observer) {
  return mpiferry::verify(mpi::Environment::world(), options, observer);
}

// On rank 0. Returns the exit code.
int finish_retrieval(const Report& report, const std::string& success, const Output& output,
                     ReportFile& file) {
  const std::string text =
      discrepancies_text(report) + (report.failure ? error_text(*report.failure) : success);
  if (!report.warnings.empty()) print(stderr, warnings_text(report));
  const int code = finish(report, {text, to_json(report, "")}, output.quiet, file, output.out);
  if (output.lines) print(output.out, closing_lines(report));
  return code;
}

template <class Arguments>
int retrieve(Arguments arguments, const Launcher& launcher, std::string (*success)(const Report&)) {
  Start start{launcher};
  // One rank alone is welcome here; a foreign launcher's world of one rank, many times, is not.
  if (start.environment().size() == 1 && launcher.several()) {
    const Failure failure = too_few_ranks(launcher, mpi::Environment::library_version(), "");
    launcher.report_once([&failure] { print(stderr, error_text(failure)); });
    end_program(exit_code(failure.code));
  }
  start.check_ranks();
  arguments.options.build = build_text();
  const Output output = Output::choose(
      {.taken = is_standard_output(arguments.json) || writes_to_standard_output(arguments.options),
       .progress = arguments.progress,
       .quiet = arguments.quiet,
       .verbose = arguments.verbose});
  ReportFile file{kReportFile, arguments.json};
  Console console{output, file};
  Report report = run_job(arguments.options, console);
  console.clear_progress();
  if (report.failure) arguments.origins.explain(*report.failure);
  report_unreachable_master(report, output);
  const int code = report.rank == kMaster ? finish_retrieval(report, success(report), output, file)
                                          : exit_code(report.verdict);
  end_program(report, code);
}

}  // namespace

int gather(const GatherArguments& arguments, const Launcher& launcher) {
  return retrieve(arguments, launcher, gathered_text);
}

int verify(const VerifyArguments& arguments, const Launcher& launcher) {
  return retrieve(arguments, launcher, verified_text);
}

}  // namespace mpiferry::cli
