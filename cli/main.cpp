// mpiferry: parse, run, report, exit code.
#include <exception>

#include "cli/commands/bench.hpp"
#include "cli/commands/run_command.hpp"
#include "cli/options/parse.hpp"
#include "cli/process/launcher.hpp"
#include "cli/process/setup.hpp"
#include "cli/process/uncaught.hpp"

int main(int argc, char** argv) {
  using namespace mpiferry::cli;
  set_up_process();
  const Launcher launcher = Launcher::detect();
  if (asks_for_bench(argc, argv)) return bench(argv, launcher);
  try {
    return run_command(parse(argc, argv), launcher);
  } catch (const std::exception&) {
    abort_after_exception(launcher);
  }
}
