// mpiferry: parse, run, report, exit code.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <variant>

#include <fmt/format.h>

#include "cli/arguments.hpp"
#include "cli/console.hpp"
#include "cli/exit_code.hpp"
#include "cli/launcher.hpp"
#include "cli/report_file.hpp"
#include "cli/report_text.hpp"
#include "cli/terminal.hpp"
#include "engine/mpi/environment.hpp"
#include "engine/roles/run.hpp"

namespace mpiferry::cli {
namespace {

// How long the master waits for workers that have confirmed the end already. The workers wait for
// the master as long as it takes: it may have a large manifest to write.
constexpr std::chrono::seconds kFinalizePatience{30};

Console::Settings console_settings(const Arguments& arguments) {
  const bool watched = stderr_is_watched();
  return {.lines = arguments.verbose && !arguments.quiet,
          .progress = arguments.progress == ShowProgress::always ||
                      (arguments.progress == ShowProgress::automatic && watched &&
                       !arguments.quiet && !arguments.verbose),
          .watched = watched,
          // Standard output is the report's, if it is wanted there.
          .out = arguments.json == "-" ? stderr : stdout};
}

// Rank 0's last words. Returns the exit code.
int conclude(const Report& report, const Arguments& arguments, ReportFile& file, std::FILE* out) {
  int code = exit_code(report.verdict);
  if (report.failure) {
    fmt::print(stderr, "{}{}", error_text(*report.failure), how_far_text(report));
  } else if (!arguments.quiet) {
    fmt::print(out, "{}", success_text(report));
  }
  // One error, once: a report that could not be written was perhaps the job's failure already.
  if (const Outcome written = file.publish(report); !written && report.ok()) {
    fmt::print(stderr, "{}", error_text(written.error()));
    code = exit_code(written.error().code);
  }
  if (arguments.verbose && !arguments.quiet) {
    fmt::print(out, "Master: File transfer {}.\n",
               report.ok() ? "completed successfully" : "encountered errors");
  }
  std::fflush(out);
  return code;
}

int scatter(const Arguments& arguments, const Launcher& launcher) {
  if (arguments.options.source == "-" && launcher.speaks() && !arguments.quiet) {
    fmt::print(stderr, "{}", launcher.standard_input_warning());
  }
  mpi::Environment environment;
  const Console::Settings settings = console_settings(arguments);
  ReportFile file{arguments.json};
  Console console{settings, file};
  Report report = run(mpi::Environment::world(), arguments.options, console);
  console.clear_progress();
  bool speaks = report.rank == kMaster;
  if (report.verdict == Errc::too_few_ranks) {
    report.failure = too_few_ranks(launcher, mpi::Environment::library_version());
    report.verdict = report.failure->code;
    speaks = launcher.speaks();  // under a foreign launcher every rank is rank 0
  }
  if (report.abandoned && report.rank == Rank{1} && report.failure) {
    fmt::print(stderr, "{}", error_text(*report.failure));  // the master is out of reach
  }
  const int code =
      speaks ? conclude(report, arguments, file, settings.out) : exit_code(report.verdict);
  std::optional<std::chrono::milliseconds> patience;
  if (report.rank == kMaster) patience = kFinalizePatience;
  if (report.abandoned || !environment.finalize(patience)) mpi::Environment::abort(code);
  return code;
}

int main(int argc, const char* const* argv) {
  // A closed pipe or a file size limit is an error of a write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  const Launcher launcher = Launcher::detect();
  const auto parsed = parse(argc, argv);
  if (const auto* leave = std::get_if<Leave>(&parsed)) {
    if (launcher.speaks()) fmt::print(leave->exit_code == 0 ? stdout : stderr, "{}", leave->text);
    return leave->exit_code;
  }
  try {
    return scatter(std::get<Arguments>(parsed), launcher);
  } catch (const std::exception& error) {
    fmt::print(stderr, "mpiferry: error: rank {}: {}\n", launcher.rank, error.what());
    mpi::Environment::abort(exit_code(ErrorClass::internal));
  }
}

}  // namespace
}  // namespace mpiferry::cli

int main(int argc, char** argv) { return mpiferry::cli::main(argc, argv); }
