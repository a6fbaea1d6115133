#include "cli/option_values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace mpiferry::cli {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

std::string not_empty(const std::string& text) { return text.empty() ? "the name is empty" : ""; }

std::string to_count(std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() ||
      value > std::numeric_limits<std::uint32_t>::max()) {
    return fmt::format("{}: not a whole number from 0 to {}", text,
                       std::numeric_limits<std::uint32_t>::max());
  }
  text = std::to_string(value);
  return {};
}

std::string to_bytes(std::string& text) {
  const CLI::AsSizeValue as_size{false};
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  std::string number = std::to_string(value) + std::string{unit};
  try {
    if (error == std::errc{} && std::ranges::all_of(unit, is_letter) && as_size(number).empty()) {
      text = number;
      return {};
    }
  } catch (const CLI::ParseError&) {  // the same refusal
  }
  return fmt::format("{}: not a size such as 1024, 64K or 4MiB", text);
}

std::string to_milliseconds(std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  static const std::map<std::string_view, double> units{{"", 1e3},  {"ms", 1},    {"s", 1e3},
                                                        {"m", 6e4}, {"min", 6e4}, {"h", 3.6e6}};
  const auto found = units.find(unit);
  if (error != std::errc{} || found == units.end() || !(number >= 0) ||
      number * found->second > 1e12) {
    return fmt::format("{}: not a time such as 30, 500ms, 10s or 2m", text);
  }
  text = fmt::format("{:.0f}", std::ceil(number * found->second));  // 0 means never
  return {};
}

void name_in_environment(CLI::App& app) {
  // Without it CLI11 would look at the variables of commands that were not given, too.
  app.parse_complete_callback([] {});
  for (CLI::Option* option : app.get_options()) {
    if (option->get_lnames().empty() || option->get_lnames()[0] == "help") continue;
    std::string name = "MPIFERRY_" + option->get_lnames()[0];
    std::ranges::transform(name, name.begin(), [](char c) {
      return c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    });
    option->envname(name);
  }
}

}  // namespace mpiferry::cli
