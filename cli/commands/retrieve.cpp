#include "cli/commands/retrieve.hpp"

#include <cstdio>
#include <string>

#include "cli/output/console.hpp"
#include "cli/output/finish.hpp"
#include "cli/output/output.hpp"
#include "cli/output/report_file.hpp"
#include "cli/output/report_json.hpp"
#include "cli/output/report_text.hpp"
#include "cli/output/retrieval_text.hpp"
#include "cli/output/version.hpp"
#include "cli/process/exit_code.hpp"
#include "cli/process/start.hpp"
#include "engine/mpi/environment.hpp"
#include "engine/roles/run.hpp"

namespace mpiferry::cli {
namespace {

bool pours_into_standard_output(const GatherOptions& options) {
  return is_standard_output(options.target);
}
bool pours_into_standard_output(const VerifyOptions& /*options*/) { return false; }

Report bring(const GatherOptions& options, Observer& observer) {
  return mpiferry::gather(mpi::Environment::world(), options, observer);
}
Report bring(const VerifyOptions& options, Observer& observer) {
  return mpiferry::verify(mpi::Environment::world(), options, observer);
}

// Rank 0's last words. Returns the exit code.
int conclude(const Report& report, const JobArguments& arguments, const std::string& success,
             ReportFile& file, std::FILE* out) {
  const std::string text =
      flaws_text(report) + (report.failure ? error_text(*report.failure) : success);
  if (!report.warnings.empty()) say(stderr, warning_text(report));
  const int code = tell(report, {text, to_json(report, ""), arguments.quiet}, file, out);
  if (arguments.verbose && !arguments.quiet) say(out, closing_lines(report));
  return code;
}

template <class Arguments>
int run_recall(Arguments arguments, const Launcher& launcher,
               std::string (*success)(const Report&)) {
  Start start{launcher};
  const mpi::Environment& environment = start.environment();
  // One rank alone is welcome here; a foreign launcher's world of one rank, many times, is not.
  if (environment.size() == 1 && launcher.several()) {
    const Failure failure = too_few_ranks(launcher, mpi::Environment::library_version(), "");
    launcher.report_once([&failure] { say(stderr, error_text(failure)); });
    end_program(exit_code(failure.code));
  }
  start.meet();
  arguments.options.build = build_text();
  const Output output = Output::choose(
      {.taken = is_standard_output(arguments.json) || pours_into_standard_output(arguments.options),
       .progress = arguments.progress,
       .quiet = arguments.quiet,
       .verbose = arguments.verbose});
  ReportFile file{kReportFile, arguments.json};
  Console console{output, file};
  Report report = bring(arguments.options, console);
  console.clear_progress();
  if (report.failure) arguments.origins.explain(*report.failure);
  report_unreachable_master(report, output);
  const int code = report.rank == kMaster
                       ? conclude(report, arguments, success(report), file, output.out)
                       : exit_code(report.verdict);
  end_program(report, code);
}

}  // namespace

int gather(const GatherArguments& arguments, const Launcher& launcher) {
  return run_recall(arguments, launcher, gathered_text);
}

int verify(const VerifyArguments& arguments, const Launcher& launcher) {
  return run_recall(arguments, launcher, verified_text);
}

}  // namespace mpiferry::cli
