#include "cli/commands/tune.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "cli/options/profile_path.hpp"
#include "cli/output/finish.hpp"
#include "cli/output/output.hpp"
#include "cli/output/progress_line.hpp"
#include "cli/output/report_file.hpp"
#include "cli/output/report_text.hpp"
#include "cli/output/version.hpp"
#include "cli/process/exit_code.hpp"
#include "cli/process/interruption.hpp"
#include "cli/process/start.hpp"
#include "cli/tune/profile.hpp"
#include "cli/tune/sweep.hpp"
#include "cli/tune/tune_report.hpp"
#include "engine/mpi/environment.hpp"
#include "engine/roles/run.hpp"

namespace mpiferry::cli {
namespace {

std::string now() {
  return fmt::format(
      "{:%Y-%m-%dT%H:%M:%SZ}",
      fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

// A line for each measurement (-v), or one that is written over itself.
class TuneConsole {
 public:
  TuneConsole(const Output& output, const TuneArguments& arguments)
      : output_(output), arguments_(arguments), line_(output) {}

  void show(const SweepProgress& progress) {
    if (output_.lines && progress.speed) {
      say(output_.out, fmt::format("tune: {}: {}: {}\n", measurement_name(progress),
                                   to_text(progress.tuning), rate_text(*progress.speed)));
    } else if (output_.terminal && !progress.speed) {
      line_.draw(tune_fields(progress, arguments_.budget));
    }
  }
  void clear() { line_.clear(); }

 private:
  const Output& output_;
  const TuneArguments& arguments_;
  ProgressLine line_;
};

// Rank 0's files.
struct Files {
  explicit Files(const TuneArguments& arguments)
      : at_default_place(arguments.profile == kProfileAuto),
        path(profile_path(arguments.profile)),
        profile(kProfileFile, path),
        json(kTuneFile, arguments.json) {}

  // Whether they can be written in the end.
  Outcome prepare() {
    if (at_default_place && path.empty()) {
      return Failure{.code = Errc::invalid_argument,
                     .detail = "the profile has no default place: HOME is not set, or no directory",
                     .hint = "name a file with --profile FILE, or give --profile none"};
    }
    if (at_default_place) {
      if (Outcome made = directories.make(path); !made) return made;
    }
    if (Outcome ready = profile.prepare(); !ready) return ready;
    return json.prepare();
  }

  bool at_default_place;
  std::string path;  // of the profile; empty: none is wanted
  ProfileDirectories directories;
  ReportFile profile;
  ReportFile json;
};

// Rank 0's last words. Returns the exit code.
int conclude(const TuneArguments& arguments, SweepResult& sweep, Files& files, std::FILE* out) {
  TuneReport report{
      .arguments = arguments, .sweep = sweep, .date = now(), .version = program_version()};
  if (!sweep.failure) {
    report.choice = choose(sweep.figures);
    if (const Outcome written = files.profile.publish(profile_json(report)); !written) {
      sweep.failure = written.error();
      sweep.verdict = written.error().code;
    } else {
      report.profile = files.path;
      files.directories.keep();
    }
  }
  if (!arguments.quiet && report.choice) {
    std::string text = tune_text(report);
    if (!sweep.failure) text += profile_text(report.profile, files.at_default_place);
    if (!say(out, text) && !sweep.failure) {
      sweep.failure = output_failure(out == stdout ? "standard output" : "standard error", "",
                                     errno, "the advice cannot be printed");
      sweep.verdict = sweep.failure->code;
    }
  }
  if (sweep.failure) {
    arguments.origins.explain(*sweep.failure);
    say(stderr, error_text(*sweep.failure) +
                    (report.profile.empty() ? tune_how_far_text(sweep) : std::string{}));
  }
  const int code = exit_code(sweep.verdict);
  const Outcome written = files.json.publish(tune_json(report));
  return written ? code : tell_unwritten(written.error(), code);
}

[[noreturn]] void refuse_one_rank(const Launcher& launcher) {
  const Failure failure =
      too_few_ranks(launcher, mpi::Environment::library_version(), "tune SOURCE-DIR DEST");
  launcher.report_once([&failure] { say(stderr, error_text(failure)); });
  end_program(exit_code(failure.code));
}

struct Ended {
  int code = 0;
  bool abandoned = false;
};

// Nothing that it has made is left when it returns: an abort may come next.
Ended run_and_conclude(Start& start, const TuneArguments& arguments, Rank self) {
  Interruption interruption;
  const Output output = Output::choose({.taken = is_standard_output(arguments.json),
                                        .quiet = arguments.quiet,
                                        .verbose = arguments.verbose});
  Files files{arguments};
  TuneConsole console{output, arguments};
  SweepResult result = sweep(
      start, arguments, interruption, [&files] { return files.prepare(); },
      [&console](const SweepProgress& progress) { console.show(progress); });
  console.clear();
  if (result.refused) return {exit_code(ErrorClass::usage), false};
  const bool master = self == kMaster;
  if (!result.warning.empty()) {
    say(stderr, master ? result.warning : below_progress(output, result.warning));
  }
  report_unreachable_master(
      {.rank = self, .failure = result.failure, .abandoned = result.abandoned}, output);
  return {master ? conclude(arguments, result, files, output.out) : exit_code(result.verdict),
          result.abandoned};
}

}  // namespace

int tune(const TuneArguments& arguments, const Launcher& launcher) {
  Start start{launcher};
  if (start.environment().size() < 2) refuse_one_rank(launcher);
  const Rank self{start.environment().rank()};
  const Ended ended = run_and_conclude(start, arguments, self);
  end_program({.rank = self, .abandoned = ended.abandoned}, ended.code);
}

}  // namespace mpiferry::cli
