#include "cli/options/parse.hpp"

#include <functional>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/options/command_line.hpp"
#include "cli/output/version.hpp"
#include "cli/process/exit_code.hpp"
#include "cli/process/message.hpp"
#include "engine/base/failure.hpp"

namespace mpiferry::cli {
namespace {

EarlyExit usage_error(const std::string& message, const std::string& hint,
                      const CLI::App& command) {
  const bool whole = command.get_parent() == nullptr;
  return {error_line(escaped(message)) +
              fmt::format("{}  try: mpiferry {}--help\n",
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

// A command that CLI11 knows, and what comes of it.
struct Declared {
  const CLI::App* command;
  std::function<Parsed(const OptionOrigins&)> parsed;  // after app.parse()
};

template <class Arguments>
Declared declare(CLI::App& app, CLI::App& (*add)(CLI::App&, Arguments&)) {
  const auto arguments = std::make_shared<Arguments>();
  return {&add(app, *arguments), [arguments](const OptionOrigins& origins) -> Parsed {
            arguments->origins = origins;
            return *arguments;
          }};
}

// For --help alone: main() runs bench before, and CommandLine rewrites help.
void add_names(CLI::App& app) {
  app.add_subcommand(
      "bench",
      "Measures chunk sizes, ranks and windows on this machine (bench --help; not under "
      "mpirun)");
  app.add_subcommand("help", "Shows the options of a command (help scatter)");
}

EarlyExit not_implemented() {
  const Failure failure{.code = Errc::internal, .detail = "this command cannot be run"};
  return {error_text(failure), exit_code(failure.code)};
}

}  // namespace

Parsed parse(int argc, const char* const* argv) {
  CLI::App app{"Moves files between the ranks of an MPI job.", "mpiferry"};
  app.require_subcommand(1);
  app.set_version_flag(
      "-V,--version", [] { return version_text(); },
      "The versions of mpiferry and of the libraries it is built with");
  const std::vector<Declared> commands{declare(app, add_scatter), declare(app, add_gather),
                                       declare(app, add_verify), declare(app, add_tune)};
  app.footer(commands.front().command->get_footer());
  add_names(app);

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
  for (const auto& [command, parsed] : commands) {
    if (command->parsed()) return parsed(origins);
  }
  return not_implemented();
}

}  // namespace mpiferry::cli
