#include <cerrno>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/options/profile_path.hpp"
#include "cli/output/finish.hpp"
#include "cli/output/output.hpp"
#include "cli/output/progress_line.hpp"
#include "cli/output/report_file.hpp"
#include "cli/output/version.hpp"
#include "cli/process/exit_code.hpp"
#include "cli/process/finish.hpp"
#include "cli/process/interruption.hpp"
#include "cli/process/message.hpp"
#include "cli/process/start.hpp"
#include "cli/tune/tune_json.hpp"
#include "cli/tune/tune_run.hpp"
#include "cli/tune/tune_text.hpp"
#include "engine/api/run.hpp"
#include "engine/mpi/environment.hpp"

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

  void show(const TuneProgress& progress) {
    if (output_.lines && progress.speed) {
      print(output_.out, fmt::format("tune: {}: {}: {}\n", measurement_name(progress),
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
      : at_default_path(arguments.profile == kProfileAuto),
        path(profile_path(arguments.profile)),
        profile(kProfileFile, path),
        json(kTuneFile, arguments.json) {}

  // Whether they can be written in the end.
  Outcome prepare() {
    if (at_default_path && path.empty()) {
      return Failure{
          .code = Errc::invalid_argument,
          .detail = "there is no default path for the profile: HOME is not set, or no directory",
          .hint = "name a file with --profile FILE, or give --profile none"};
    }
    if (at_default_path) {
      if (Outcome made = directories.make(path); !made) return made;
    }
    if (Outcome ready = profile.prepare(); !ready) return ready;
    return json.prepare();
  }

  bool at_default_path;
  std::string path;  // of the profile; empty: none is wanted
  ProfileDirectories directories;
  ReportFile profile;
  ReportFile json;
};

// Writes the profile; a failure is the result's.
void publish_profile(TuneReport& report, TuneResult& result, Files& files) {
  report.choice = choose(result.figures);
  if (const Outcome written = files.profile.publish(profile_json(report)); !written) {
    result.fail(written.error());
    return;
  }
  report.profile = files.path;
  files.directories.keep();
}

void print_advice(const TuneReport& report, TuneResult& result, const Files& files,
                  const Output& output) {
  std::FILE* const out = summary_stream(output, result.warning);
  std::string text = tune_text(report);
  if (!result.failure) text += profile_text(report.profile, files.at_default_path);
  if (!print(out, text)) result.fail(print_failure(out, "cannot print the advice"));
}

// On rank 0. Returns the exit code.
int finish_tune(const TuneArguments& arguments, TuneResult& result, Files& files,
                const Output& output) {
  TuneReport report{
      .arguments = arguments, .result = result, .date = now(), .version = program_version()};
  if (!result.failure) publish_profile(report, result, files);
  print_warnings(output, result.warning);
  if (!output.quiet && report.choice) print_advice(report, result, files, output);
  if (result.failure) {
    arguments.origins.explain(*result.failure);
    print(stderr, error_text(*result.failure) +
                      (report.profile.empty() ? tune_how_far_text(result) : std::string{}));
  }
  const int code = exit_code(result.verdict);
  const Outcome written = files.json.publish(tune_json(report));
  return written ? code : report_unwritten(written.error(), code, output);
}

[[noreturn]] void refuse(const Failure& failure, const Launcher& launcher) {
  launcher.report_once([&failure] { print(stderr, error_text(failure)); });
  end_program(exit_code(failure.code));
}

struct Finished {
  int code = 0;
  bool abandoned = false;
};

// Nothing that it has made is left when it returns: an abort may come next.
Finished run_and_report(Start& start, const TuneArguments& arguments, Rank self) {
  Interruption interruption;
  const Output output = Output::choose({.taken = is_standard_output(arguments.json),
                                        .quiet = arguments.quiet,
                                        .verbose = arguments.verbose});
  Files files{arguments};
  TuneConsole console{output, arguments};
  const TuneHooks hooks{
      .prepare = [&files] { return files.prepare(); },
      .progress = [&console](const TuneProgress& progress) { console.show(progress); }};
  TuneResult result = run_tune(start, arguments, interruption, hooks);
  console.clear();
  if (result.refused) return {exit_code(ErrorClass::usage), false};
  const bool master = self == kMaster;
  if (!master && !result.warning.empty()) {
    print_warnings(output, below_progress(output, result.warning));
  }
  report_unreachable_master(
      {.rank = self, .failure = result.failure, .abandoned = result.abandoned}, output);
  return {master ? finish_tune(arguments, result, files, output) : exit_code(result.verdict),
          result.abandoned};
}

}  // namespace

int tune(const TuneArguments& arguments, const Launcher& launcher) {
  Start start{launcher};
  constexpr int kMinRanks = 2;
  if (const auto lacking = start.lack_of_ranks(launcher, kMinRanks, "tune SOURCE-DIR DEST")) {
    refuse(*lacking, launcher);
  }
  const Rank self{start.environment().rank()};
  const Finished finished = run_and_report(start, arguments, self);
  end_program({.rank = self, .abandoned = finished.abandoned}, finished.code, arguments.quiet);
}

}  // namespace mpiferry::cli
