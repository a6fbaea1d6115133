// The way of a job on the command line, whatever the operation: from MPI_Init_thread to the end of
// the program.
#pragma once

#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

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
#include "cli/process/option_names.hpp"
#include "cli/process/start.hpp"

namespace mpiferry::cli {

// On rank 0. Returns the exit code.
template <class Operation>
int finish_job(const Operation& operation, const typename Operation::Report& report,
               const Output& output, ReportFile& file) {
  const int code = finish(report.job, operation.summary(report), output, file);
  if (output.lines) print(output.out, closing_lines(report.job, Operation::kWork));
  return code;
}

// `failure` ends the job before it begins: the ranks are too few, and each reports for itself.
template <class Operation>
[[noreturn]] void refuse_job(const Operation& operation, const Failure& failure,
                             const Launcher& launcher, const Output& output, ReportFile& file) {
  typename Operation::Report report = operation.empty_report();
  report.job.verdict = failure.code;
  report.job.failure = failure;
  const int code = exit_code(failure.code);
  launcher.report_once([&] { finish_job(operation, report, output, file); });
  end_program(report.job, code, output.quiet);
}

// Runs `operation` on the ranks of MPI_COMM_WORLD, prints and writes what came of it, and ends the
// program. An operation has
//
//   arguments                its JobArguments and, in them, its `options`
//   Report                   what the API returns
//   kMinRanks, kUsage        how many ranks it needs, and what to start ("scatter SOURCE [DEST]")
//   kWork                    what -v says has ended
//   takes_standard_output()  its own output goes there
//   prepare(output)          on rank 0 of several, before the job: a failure is the job's
//   run(observer)            the job
//   empty_report()           of a job that cannot begin
//   summary(report)          on rank 0
template <class Operation>
[[noreturn]] void run_job(Operation operation, const Launcher& launcher) {
  Start start{launcher};
  auto& arguments = operation.arguments;
  const Output output = Output::choose(
      {.taken = is_standard_output(arguments.json) || operation.takes_standard_output(),
       .progress = arguments.progress,
       .quiet = arguments.quiet,
       .verbose = arguments.verbose});
  ReportFile file{kReportFile, arguments.json};
  if (const auto lacking = start.lack_of_ranks(launcher, Operation::kMinRanks, Operation::kUsage)) {
    refuse_job(operation, *lacking, launcher, output, file);
  }
  start.check_ranks();
  const bool master = start.environment().rank() == kMaster.value;
  Console console{output, file, master ? operation.prepare(output) : Outcome{Nothing{}}};
  arguments.options.job.build = build_text();
  typename Operation::Report report = operation.run(console);
  console.clear_progress();
  JobReport& job = report.job;
  name_options(job);
  if (job.failure) arguments.origins.explain(*job.failure);
  report_unreachable_master(job, output);
  const int code =
      job.rank == kMaster ? finish_job(operation, report, output, file) : exit_code(job.verdict);
  end_program(job, code, output.quiet);
}

}  // namespace mpiferry::cli
