// mpiferry: parse, run, report, exit code.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <initializer_list>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include "cli/commands/bench.hpp"
#include "cli/commands/retrieve.hpp"
#include "cli/commands/tune.hpp"
#include "cli/options/parse.hpp"
#include "cli/output/console.hpp"
#include "cli/output/finish.hpp"
#include "cli/output/output.hpp"
#include "cli/output/report_file.hpp"
#include "cli/output/report_json.hpp"
#include "cli/output/report_text.hpp"
#include "cli/output/version.hpp"
#include "cli/process/exit_code.hpp"
#include "cli/process/launcher.hpp"
#include "cli/process/named_descriptor.hpp"
#include "cli/process/start.hpp"
#include "cli/tune/profile.hpp"
#include "engine/disk/destination_failure.hpp"
#include "engine/mpi/environment.hpp"
#include "engine/mpi/error.hpp"
#include "engine/roles/run.hpp"

namespace mpiferry::cli {
namespace {

// Rank 0's last words. Returns the exit code.
int conclude(const Report& report, const ScatterArguments& arguments, const std::string& profile,
             ReportFile& file, std::FILE* out) {
  const std::string text = report.failure ? error_text(*report.failure) + how_far_text(report)
                                          : success_text(report, profile);
  // As one text, on one stream: see Output::out.
  const std::string warnings = warning_text(report);
  if (!warnings.empty()) say(stderr, warnings);
  std::FILE* const summary = warnings.empty() ? out : stderr;
  const int code = tell(report, {text, to_json(report, profile), arguments.quiet}, file, summary);
  if (arguments.verbose && !arguments.quiet) {
    say(out, closing_lines(report));
  }
  return code;
}

int scatter(ScatterArguments arguments, const Launcher& launcher) {
  if (arguments.options.source == "-" && !arguments.quiet) {
    say(stderr, launcher.standard_input_warning());
  }
  Start start{launcher};
  const mpi::Environment& environment = start.environment();
  start.meet();
  const Output output = Output::choose({.taken = is_standard_output(arguments.json),
                                        .progress = arguments.progress,
                                        .quiet = arguments.quiet,
                                        .verbose = arguments.verbose});
  std::string profile;
  std::optional<Failure> refusal;
  if (environment.rank() == kMaster.value && environment.size() > 1) {
    if (const auto use = apply_profile(arguments); !use) {
      refusal = use.error();
    } else {
      profile = use->file;
      if (!arguments.quiet) say(stderr, use->warning);
    }
  }
  arguments.options.build = build_text();
  ReportFile file{kReportFile, arguments.json};
  Console console{output, file, std::move(refusal)};
  Report report = run(mpi::Environment::world(), arguments.options, console);
  console.clear_progress();
  if (report.failure) arguments.origins.explain(*report.failure);
  int code = exit_code(report.verdict);
  const auto finish = [&] { code = conclude(report, arguments, profile, file, output.out); };
  if (report.verdict == Errc::too_few_ranks) {
    report.failure =
        too_few_ranks(launcher, mpi::Environment::library_version(), "scatter SOURCE [DEST]");
    report.verdict = report.failure->code;
    code = exit_code(report.verdict);
    launcher.report_once(finish);  // under a foreign launcher every rank is rank 0
  } else if (report.rank == kMaster) {
    finish();
  }
  report_unreachable_master(report, output);
  end_program(report, code);
}

// The options of ranks may differ. If some cannot be understood, the lowest such rank says so, and
// all leave: nobody waits for those that would have left. Returns the exit code.
int refuse(const EarlyExit& leave, const Launcher& launcher) {
  if (leave.exit_code == 0) {  // --help, --version
    if (!launcher.leads() || say(stdout, leave.text)) return 0;
    const Failure failure =
        output_failure("standard output", "", errno, "what was asked for cannot be printed");
    say(stderr, error_text(failure));
    return exit_code(failure.code);
  }
  const auto report = [&leave] { say(stderr, leave.text); };
  if (launcher.size <= 1 || !launcher.fault.empty()) {
    launcher.report_once(report);
    return leave.exit_code;
  }
  Start start{launcher};
  const Rank self{start.environment().rank()};
  if (start.environment().size() == 1) {  // one of many under a foreign launcher, or alone
    launcher.report_once(report);
  } else if (start.first_refused(true) == self) {
    report();
  }
  end_program(leave.exit_code);
}

// The command that was asked for.
struct Command {
  const Launcher& launcher;

  int operator()(const EarlyExit& leave) const { return refuse(leave, launcher); }
  int operator()(const ScatterArguments& given) const {
    return checked(given, scatter, {given.options.source, given.json});
  }
  int operator()(const GatherArguments& given) const {
    return checked(given, gather, {given.options.target, given.json});
  }
  int operator()(const VerifyArguments& given) const {
    return checked(given, verify, {given.options.against, given.json});
  }
  int operator()(const TuneArguments& given) const { return checked(given, tune, {given.json}); }

 private:
  int refused(const Failure& failure) const {
    return refuse({error_text(failure), exit_code(failure.code)}, launcher);
  }
  // On the rank whose options count: what it opens is the user's, and it warns once a job.
  template <class Given, class Run>
  int checked(const Given& given, Run command, std::initializer_list<std::string> opened) const {
    if (!launcher.fault.empty()) return refused(bad_environment(launcher));
    if (!launcher.leads()) return command(given, launcher);
    for (const std::string& path : opened) {
      if (const auto failure = check_descriptor(path, launcher)) return refused(*failure);
    }
    if (!given.quiet) say(stderr, given.origins.warning());
    return command(given, launcher);
  }
};

// Standard input, output and error exist, so that nothing else is mistaken for them.
void open_standard_descriptors() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    // Opened the wrong way round, so that reading and writing still fail.
    static_cast<void>(::open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY));
  }
}

// Says what the system refused. Returns the exit code.
int report_system_error(const Launcher& launcher, const char* what, int code) {
  constexpr auto kOfLimits = std::to_array({EAGAIN, EMFILE, ENFILE, ENOMEM});
  std::string text = fmt::format("mpiferry: error: rank {}: {}\n", launcher.rank, what);
  if (std::ranges::find(kOfLimits, code) == kOfLimits.end()) {
    say(stderr, text);
    return exit_code(ErrorClass::internal);
  }
  // What fails on one rank for want of descriptors or threads fails on its neighbours as well.
  text += "  hint: a limit of processes or descriptors (ulimit -u, -n) may be too low\n";
  launcher.report_once([&] { say(stderr, text); });
  return exit_code(disk::is_limit_of_open_files(code) ? ErrorClass::usage : ErrorClass::internal);
}

// UCX, which MPICH may be built on, takes SIGHUP for itself when it is loaded, before main(). So
// what nohup wants is noted before that.
bool hangup_is_ignored = false;

void note_hangup() {
  struct sigaction action {};
  hangup_is_ignored = ::sigaction(SIGHUP, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const kBeforeLibraries)() = note_hangup;

int main(int argc, const char* const* argv) {
  int code = exit_code(ErrorClass::internal);
  if (hangup_is_ignored) std::signal(SIGHUP, SIG_IGN);
  // A closed pipe or a file size limit is an error of a write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  open_standard_descriptors();
  const Launcher launcher = Launcher::detect();
  if (asks_for_bench(argc, argv)) return bench(argv, launcher);
  try {
    return std::visit(Command{launcher}, parse(argc, argv));
  } catch (const std::bad_alloc&) {
    say(stderr, fmt::format("mpiferry: error: rank {}: memory is exhausted\n  hint: use smaller "
                            "windows or chunks, or lower --memory\n",
                            launcher.rank));
  } catch (const mpi::CallFailed& error) {
    let_lower_ranks_speak(Rank{launcher.rank});  // a connection that is lost has two ends
    Failure failure = error.failure();
    if (failure.rank == kNoRank) failure.rank = Rank{launcher.rank};
    say(stderr, error_text(failure));
    mpi::Environment::abort(exit_code(failure.code));
  } catch (const std::system_error& error) {
    code = report_system_error(launcher, error.what(), error.code().value());
  } catch (const boost::system::system_error& error) {
    code = report_system_error(launcher, error.what(), error.code().value());
  } catch (const std::exception& error) {
    say(stderr, fmt::format("mpiferry: error: rank {}: {}\n", launcher.rank, error.what()));
  }
  mpi::Environment::abort(code);
}

}  // namespace
}  // namespace mpiferry::cli

int main(int argc, char** argv) { return mpiferry::cli::main(argc, argv); }
