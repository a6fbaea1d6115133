#include <cstdio>
#include <optional>
#include <string>

#include "cli/commands/commands.hpp"
#include "cli/output/console.hpp"
#include "cli/output/finish.hpp"
#include "cli/output/output.hpp"
#include "cli/output/report_file.hpp"
#include "cli/output/report_json.hpp"
#include "cli/output/report_text.hpp"
#include "cli/output/version.hpp"
#include "cli/process/exit_code.hpp"
#include "cli/process/finish.hpp"
#include "cli/process/message.hpp"
#include "cli/process/start.hpp"
#include "cli/tune/profile.hpp"
#include "engine/api/run.hpp"
#include "engine/mpi/environment.hpp"

namespace mpiferry::cli {
namespace {

// The file that rank 0 has taken the chunk size or the window from. A profile that cannot be used
// ends the job before it begins: `refusal`.
std::string use_profile(ScatterArguments& arguments, std::optional<Failure>& refusal) {
  const auto use = apply_profile(arguments);
  if (!use) {
    refusal = use.error();
    return {};
  }
  if (!arguments.quiet) print(stderr, use->warning);
  return use->file;
}

// On rank 0. Returns the exit code.
int finish_scatter(const ScatterReport& report, const std::string& profile, const Output& output,
                   ReportFile& file) {
  const std::string text = report.job.failure
                               ? error_text(*report.job.failure) + how_far_text(report)
                               : success_text(report, profile);
  const Summary summary{
      .warnings = warnings_text(report), .text = text, .json = to_json(report, profile)};
  const int code = finish(report.job, summary, output, file);
  if (output.lines) print(output.out, closing_lines(report.job, kFileTransfer));
  return code;
}

}  // namespace

int scatter(ScatterArguments arguments, const Launcher& launcher) {
  if (arguments.options.source == "-" && !arguments.quiet) {
    print(stderr, launcher.standard_input_warning());
  }
  Start start{launcher};
  const mpi::Environment& environment = start.environment();
  start.check_ranks();
  const Output output = Output::choose({.taken = is_standard_output(arguments.json),
                                        .progress = arguments.progress,
                                        .quiet = arguments.quiet,
                                        .verbose = arguments.verbose});
  std::string profile;
  std::optional<Failure> refusal;
  if (environment.rank() == kMaster.value && environment.size() > 1) {
    profile = use_profile(arguments, refusal);
  }
  arguments.options.job.build = build_text();
  ReportFile file{kReportFile, arguments.json};
  Console console{output, file, refusal};
  ScatterReport report = scatter(mpi::Environment::world(), arguments.options, console);
  console.clear_progress();
  JobReport& job = report.job;
  if (job.failure) arguments.origins.explain(*job.failure);
  int code = exit_code(job.verdict);
  const auto finish_here = [&] { code = finish_scatter(report, profile, output, file); };
  if (job.verdict == Errc::too_few_ranks) {
    job.failure =
        too_few_ranks(launcher, mpi::Environment::library_version(), "scatter SOURCE [DEST]");
    job.verdict = job.failure->code;
    code = exit_code(job.verdict);
    launcher.report_once(finish_here);  // under a foreign launcher every rank is rank 0
  } else if (job.rank == kMaster) {
    finish_here();
  }
  report_unreachable_master(job, output);
  end_program(job, code, output.quiet);
}

}  // namespace mpiferry::cli
