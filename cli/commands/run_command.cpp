#include "cli/commands/run_command.hpp"

#include <cerrno>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <variant>

#include "cli/commands/commands.hpp"
#include "cli/output/finish.hpp"
#include "cli/process/exit_code.hpp"
#include "cli/process/finish.hpp"
#include "cli/process/message.hpp"
#include "cli/process/named_descriptor.hpp"
#include "cli/process/start.hpp"

namespace mpiferry::cli {
namespace {

// --help, --version
int print_information(const std::string& text, const Launcher& launcher) {
  if (!launcher.leads() || print(stdout, text)) return 0;
  const Failure failure = print_failure(stdout, "cannot print what was asked for");
  print(stderr, error_text(failure));
  return exit_code(failure.code);
}

// The options of ranks may differ. If some cannot be understood, the lowest such rank reports it,
// and all leave: nobody waits for those that would have left. Returns the exit code.
int exit_early(const EarlyExit& early, const Launcher& launcher) {
  if (early.exit_code == 0) return print_information(early.text, launcher);
  const auto report = [&early] { print(stderr, early.text); };
  if (launcher.size <= 1 || !launcher.fault.empty()) {
    launcher.report_once(report);
    return early.exit_code;
  }
  Start start{launcher};
  const Rank self{start.environment().rank()};
  if (start.environment().size() == 1) {  // one of many under a foreign launcher, or alone
    launcher.report_once(report);
  } else if (start.first_refused(true) == self) {
    report();
  }
  end_program(early.exit_code);
}

struct Command {
  const Launcher& launcher;

  int operator()(const EarlyExit& early) const { return exit_early(early, launcher); }
  int operator()(const ScatterArguments& given) const {
    return run(given, scatter, {given.options.source, given.json});
  }
  int operator()(const GatherArguments& given) const {
    return run(given, gather, {given.options.target, given.json});
  }
  int operator()(const VerifyArguments& given) const {
    return run(given, verify, {given.options.against, given.json});
  }
  int operator()(const TuneArguments& given) const { return run(given, tune, {given.json}); }

 private:
  int refuse(const Failure& failure) const {
    return exit_early({error_text(failure), exit_code(failure.code)}, launcher);
  }
  // On the rank whose options count: `opened` are the user's files, and it warns once a job.
  template <class Arguments, class Run>
  int run(const Arguments& given, Run command, std::initializer_list<std::string> opened) const {
    if (!launcher.fault.empty()) return refuse(bad_environment(launcher));
    if (!launcher.leads()) return command(given, launcher);
    for (const std::string& path : opened) {
      if (const auto failure = check_descriptor(path, launcher)) return refuse(*failure);
    }
    if (!given.quiet) print(stderr, given.origins.warning());
    return command(given, launcher);
  }
};

}  // namespace

int run_command(const Parsed& parsed, const Launcher& launcher) {
  return std::visit(Command{launcher}, parsed);
}

}  // namespace mpiferry::cli
