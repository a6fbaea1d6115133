#include "cli/options/option_origins.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/options/command_line.hpp"
#include "cli/options/similar.hpp"
#include "cli/process/environment.hpp"
#include "cli/process/message.hpp"
#include "engine/base/failure.hpp"

namespace mpiferry::cli {
namespace {

// As --option, --option=VALUE, -o, -oVALUE or -xo. If in doubt (the value of another option may
// look the same), it counts as given.
bool given(const CLI::Option& option, int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word{argv[i]};
    if (word == "--") return false;
    for (const std::string& name : option.get_lnames()) {
      const std::string dashed = "--" + name;
      if (word == dashed || word.starts_with(dashed + "=")) return true;
    }
    if (!word.starts_with('-') || word.starts_with("--")) continue;
    for (const std::string& name : option.get_snames()) {
      if (word.find(name) != std::string_view::npos) return true;
    }
  }
  return false;
}

// Every variable of ours begins with it; all names below are without it.
constexpr std::string_view kPrefix = "MPIFERRY_";

// Variables that are no options: installations and modules, benchmarks and tests, and the build set
// them.
bool is_known_elsewhere(std::string_view name) {
  constexpr auto kBeginnings = std::to_array<std::string_view>({"BENCH_", "TEST_", "HOSTS_"});
  constexpr auto kNames = std::to_array<std::string_view>(
      {"BENCH", "BIN", "BINARY", "DIR", "FUZZ", "HOME", "INCLUDE", "LIB", "LIBDIR", "NO_DIGEST",
       "PATH", "PREFIX", "ROOT", "SANITIZE", "TESTS", "VERSION", "WERROR", "XXHASH_DISPATCH"});
  return std::ranges::find(kNames, name) != kNames.end() ||
         std::ranges::any_of(kBeginnings, [name](auto it) { return name.starts_with(it); });
}

// "MPIFERRY_CHUNK_SIZE" for "chunk-size".
std::string variable_of(std::string_view option) {
  std::string name{kPrefix};
  std::ranges::transform(option, std::back_inserter(name), [](char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return name;
}

// CLI11 would only say that it cannot convert another value of a flag.
std::string yes_or_no(const std::string& text) {
  constexpr auto kWords =
      std::to_array<std::string_view>({"1", "0", "true", "false", "on", "off", "yes", "no"});
  if (std::ranges::find(kWords, CLI::detail::to_lower(text)) != kWords.end()) return {};
  return fmt::format("{}: not 1, true, 0 or false", text.empty() ? "''" : text);
}

std::vector<std::string> known_options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    for (const CLI::Option* option : command->get_options()) {
      const std::string variable = option->get_envname();
      if (!variable.empty()) names.push_back(variable.substr(kPrefix.size()));
    }
  }
  return names;
}

std::string unknown_variables(const CLI::App& app) {
  const std::vector<std::string> known = known_options(app);
  std::string text;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable{*entry};
    if (!variable.starts_with(kPrefix) || variable.ends_with('=')) continue;
    const std::string name{variable.substr(kPrefix.size(), variable.find('=') - kPrefix.size())};
    if (is_known_elsewhere(name) || std::ranges::find(known, name) != known.end()) continue;
    const std::string near = nearest(name, known);
    text += warning_line(
        fmt::format("{}{} in the environment is not an option{}", kPrefix, escaped(name),
                    near.empty() ? "" : did_you_mean(std::string{kPrefix} + near)));
  }
  return text;
}

bool names(std::string_view message, std::string_view option) {
  const auto in_a_name = [](char c) { return c == '-' || (c >= 'a' && c <= 'z'); };
  for (std::size_t at = message.find(option); at != std::string_view::npos;
       at = message.find(option, at + 1)) {
    const std::size_t end = at + option.size();
    if (end == message.size() || !in_a_name(message[end])) return true;
  }
  return false;
}

}  // namespace

void read_from_environment(CLI::App& command) {
  // With a callback, CLI11 looks at the variables of the commands that are given, and no others.
  command.parse_complete_callback([] {});
  for (CLI::Option* option : command.get_options()) {
    if (option->get_lnames().empty() || option->get_lnames()[0] == "help") continue;
    option->envname(variable_of(option->get_lnames()[0]));
    if (option->get_items_expected_max() == 0) option->check(yes_or_no);
  }
}

OptionOrigins::OptionOrigins(const CLI::App& app, const CLI::App& command, const CommandLine& line)
    : warning_(unknown_variables(app)) {
  for (const CLI::Option* option : command.get_options()) {
    const std::string variable = option->get_envname();
    if (variable.empty()) continue;
    const char* const value = environment_value(variable.c_str());
    if (value == nullptr || *value == '\0' || given(*option, line.argc(), line.argv())) continue;
    from_environment_.emplace_back("--" + option->get_lnames()[0], variable);
  }
}

std::string OptionOrigins::hint(std::string_view message) const {
  std::string text;
  for (const auto& [option, variable] : from_environment_) {
    if (!names(message, option)) continue;
    if (!text.empty()) text += ", ";
    text += fmt::format("{} is set by {} in the environment", option, variable);
  }
  return text;
}

void OptionOrigins::explain(Failure& failure) const {
  if (failure.code != Errc::invalid_argument) return;
  const std::string origin = hint(failure.detail);
  if (origin.empty()) return;
  failure.hint += failure.hint.empty() ? origin : "; " + origin;
}

}  // namespace mpiferry::cli
