#include "cli/options/parse.hpp"

#include <sstream>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/options/command_line.hpp"
#include "cli/output/version.hpp"
#include "cli/process/exit_code.hpp"

namespace mpiferry::cli {
namespace {

EarlyExit usage_error(const std::string& message, const std::string& hint,
                      const CLI::App& command) {
  const bool whole = command.get_parent() == nullptr;
  return {fmt::format("mpiferry: error: {}\n{}  try: mpiferry {}--help\n", escaped(message),
                      hint.empty() ? "" : fmt::format("  hint: {}\n", hint),
                      whole ? "" : command.get_name() + " "),
          exit_code(ErrorClass::usage)};
}

// The command that was given, else the program. `bench` and `help` have no options of their own:
// what is given with them is the program's.
const CLI::App& given_command(const CLI::App& app) {
  for (const CLI::App* command : app.get_subcommands()) {
    if (command->get_options().size() > 1) return *command;
  }
  return app;
}

EarlyExit exit_after(const CLI::ParseError& error, const CLI::App& app, const CommandLine& line) {
  if (error.get_exit_code() == 0) {  // --help, --version
    std::ostringstream out;
    app.exit(error, out, out);
    return {out.str(), 0};
  }
  const CLI::App& command = given_command(app);
  return usage_error(line.message(error, command),
                     OptionOrigins{app, command, line}.hint(error.what()), command);
}

}  // namespace

Parsed parse(int argc, const char* const* argv) {
  CLI::App app{"Moves files between the ranks of an MPI job.", "mpiferry"};
  app.require_subcommand(1);
  app.set_version_flag(
      "-V,--version", [] { return version_text(); },
      "The versions of mpiferry and of the libraries it is built with");
  ScatterArguments scatter;
  GatherArguments gather;
  VerifyArguments verify;
  TuneArguments tune;
  app.footer(add_scatter(app, scatter).get_footer());
  const CLI::App& gather_command = add_gather(app, gather);
  const CLI::App& verify_command = add_verify(app, verify);
  const CLI::App& tune_command = add_tune(app, tune);
  // For --help alone: main() runs bench before, and CommandLine rewrites help.
  app.add_subcommand(
      "bench",
      "Measures chunk sizes, ranks and windows on this machine (bench --help; not under "
      "mpirun)");
  app.add_subcommand("help", "Shows the options of a command (help scatter)");

  const CommandLine line{app, argc, argv};
  if (const std::string unknown = line.unknown_command(); !unknown.empty()) {
    return usage_error(unknown, "", app);
  }
  try {
    app.parse(line.argc(), line.argv());
  } catch (const CLI::ParseError& error) {
    return exit_after(error, app, line);
  }
  const OptionOrigins origins{app, given_command(app), line};
  scatter.origins = gather.origins = verify.origins = tune.origins = origins;
  if (gather_command.parsed()) return gather;
  if (verify_command.parsed()) return verify;
  if (tune_command.parsed()) return tune;
  return scatter;
}

}  // namespace mpiferry::cli
