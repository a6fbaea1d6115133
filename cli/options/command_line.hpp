// The words of a command line, and messages about them.
#pragma once

#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's own
class App;
class ParseError;
}  // namespace CLI

namespace mpiferry::cli {

class CommandLine {
 public:
  // `help`, `help COMMAND` and `--help COMMAND` become what CLI11 understands; a list of `tune` in
  // several words becomes one.
  CommandLine(const CLI::App& app, int argc, const char* const* argv);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  int argc() const noexcept { return static_cast<int>(pointers_.size()); }
  const char* const* argv() const noexcept { return pointers_.data(); }

  // "'scater' is not a command; did you mean scatter?"; nothing if a command was given, or no word
  // in its place.
  std::string unknown_command() const;
  // What is wrong, in a sentence without a full stop. `command`: the one that was given, or `app`.
  std::string message(const CLI::ParseError& error, const CLI::App& command) const;

 private:
  std::string unknown_option(const CLI::App& command) const;
  std::string unknown_option_text(const std::string& word, const CLI::App& command) const;
  bool is_after_dashes(const std::string& word) const;

  const CLI::App& app_;
  std::vector<std::string> words_;
  std::vector<const char*> pointers_;
};

}  // namespace mpiferry::cli
