// Declares options with CLI11: a value is checked, converted and stored in one step.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/options/option_values.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's own
class App;
class Option;
}  // namespace CLI

namespace mpiferry::cli {

// An option as --help shows it.
struct OptionHelp {
  const char* name;
  const char* type;
  std::string default_value;
  std::string text;
};

// `check` leaves digits; `store` is called with their value, unless the option is not given.
void add_number(CLI::App& command, const OptionHelp& help, const Check& check,
                std::function<void(std::uint64_t)> store);

// One of `words`, each of which stands for the enumerator with its index.
template <class Enum>
void add_choice(CLI::App& command, const char* name, Enum& value,
                const std::vector<std::string_view>& words, std::string text,
                const char* type = "HOW") {
  const std::string default_word{words.at(static_cast<std::size_t>(value))};
  add_number(command, {name, type, default_word, std::move(text)}, one_of(words),
             [&value](std::uint64_t index) { value = static_cast<Enum>(index); });
}

// The name of a file. `writes`: it is written to, so that "-" and whatever path leads to standard
// output are the same.
enum class FileUse { reads, writes };
CLI::Option& add_file(CLI::App& command, const char* name, std::string& value, FileUse use,
                      const std::string& text);

}  // namespace mpiferry::cli
