#include "cli/option_origins.hpp"

#include <cstdlib>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "engine/base/failure.hpp"

namespace mpiferry::cli {
namespace {

// As --option, --option=VALUE, -o, -oVALUE or -xo. In doubt (the value of another option may look
// the same) it counts as given.
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

OptionOrigins::OptionOrigins(const CLI::App& command, int argc, const char* const* argv) {
  for (const CLI::Option* option : command.get_options()) {
    const std::string variable = option->get_envname();
    if (variable.empty()) continue;
    const char* const value = std::getenv(variable.c_str());
    if (value == nullptr || *value == '\0' || given(*option, argc, argv)) continue;
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
