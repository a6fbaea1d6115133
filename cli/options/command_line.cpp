#include "cli/options/command_line.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/options/similar.hpp"
#include "cli/options/tune_options.hpp"
#include "engine/base/failure.hpp"

namespace mpiferry::cli {
namespace {

std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

bool is_one_of(const std::string& word, const std::vector<std::string>& words) {
  return std::ranges::find(words, word) != words.end();
}

// "--chunk-size" and so on.
std::vector<std::string> names_of_options(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

bool has_option(const CLI::App& command, const std::string& name) {
  return command.get_option_no_throw(name) != nullptr;
}

// "mpiferry scatter"
std::string full_name(const CLI::App& app, const CLI::App& command) {
  return &app == &command ? app.get_name() : app.get_name() + " " + command.get_name();
}

std::string mismatch_text(const CLI::ParseError& error, const CLI::App& command) {
  std::string reason = error.what();
  const std::string name = reason.substr(0, reason.find(':'));
  const CLI::Option* option = command.get_option_no_throw(name);
  if (option == nullptr) return reason;
  if (option->count() > 1) return fmt::format("{} was given {} times", name, option->count());
  return fmt::format("{} needs a value ({})", name, option->get_type_name());
}

}  // namespace

CommandLine::CommandLine(const CLI::App& app, int argc, const char* const* argv)
    : app_(app), words_(argv, argv + argc) {
  const auto commands = names_of_commands(app);
  if (words_.size() > 1 && is_one_of(words_[1], {"help", "--help", "-h"})) {
    const std::string about = words_.size() > 2 && words_[2] != "help" ? words_[2] : "";
    if (is_one_of(about, commands)) {
      words_ = {words_[0], about, "--help"};
    } else if (words_[1] == "help" && !about.empty() && !about.starts_with('-')) {
      words_.erase(words_.begin() + 1);  // an unknown word is refused as a command
    } else {
      words_ = {words_[0], "--help"};
    }
  }
  if (words_.size() > 1 && words_[1] == "tune") words_ = join_lists(words_);
  for (const std::string& word : words_) pointers_.push_back(word.c_str());
}

std::string CommandLine::unknown_command() const {
  const auto commands = names_of_commands(app_);
  if (words_.size() < 2 || words_[1].starts_with('-') || is_one_of(words_[1], commands)) return {};
  const std::string near = nearest(words_[1], commands);
  return fmt::format("{} is not a command{}", mpiferry::quoted(words_[1]),
                     near.empty() ? fmt::format("; the commands are {}", fmt::join(commands, ", "))
                                  : did_you_mean(near));
}

bool CommandLine::is_after_dashes(const std::string& word) const {
  const auto dashes = std::ranges::find(words_, "--");
  return std::find(dashes, words_.end(), word) != words_.end();
}

std::string CommandLine::unknown_option_text(const std::string& word,
                                             const CLI::App& command) const {
  const std::string name = word.substr(0, word.find('='));
  const bool before_command = &command != &app_ && is_one_of(word, app_.remaining());
  if (before_command && has_option(command, name)) {
    return fmt::format("{} must follow the command: {} {} ...", name, full_name(app_, command),
                       name);
  }
  std::string text = fmt::format("{} has no option {}", full_name(app_, command), name);
  const std::string near = name.starts_with("--") ? nearest(name, names_of_options(command)) : "";
  if (!near.empty()) return text + did_you_mean(near);
  if (&command != &app_ && has_option(app_, name)) {
    return fmt::format("{}; try {} {}", text, app_.get_name(), name);
  }
  std::vector<std::string> others;
  for (const CLI::App* other : app_.get_subcommands([](const CLI::App*) { return true; })) {
    if (has_option(*other, name)) others.push_back(other->get_name());
  }
  if (others.empty()) return text;
  return fmt::format("{}; it belongs to {}", text, fmt::join(others, " and "));
}

// The first word that looks like an option and is none. Other unexpected words may be its value, or
// names that it has displaced.
std::string CommandLine::unknown_option(const CLI::App& command) const {
  for (const std::string& word : app_.remaining(/*recurse=*/true)) {
    if (word.size() > 1 && word.starts_with('-') && word != "--" && !is_after_dashes(word)) {
      return unknown_option_text(word, command);
    }
  }
  return {};
}

std::string CommandLine::message(const CLI::ParseError& error, const CLI::App& command) const {
  if (std::string unknown = unknown_option(command); !unknown.empty()) return unknown;
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    return mismatch_text(error, command);
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && &command == &app_) {
    return fmt::format("a command is missing; the commands are {}",
                       fmt::join(names_of_commands(app_), ", "));
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) return error.what();
  // CLI11 reports them in another order.
  const std::vector<std::string> words = app_.remaining(/*recurse=*/true);
  return fmt::format("{} not expected: {}",
                     words.size() == 1 ? "this argument was" : "these arguments were",
                     fmt::join(words, " "));
}

}  // namespace mpiferry::cli
