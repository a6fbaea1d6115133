#include "cli/options/option_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/output/units.hpp"

namespace mpiferry::cli {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr std::chrono::milliseconds kLongest = std::chrono::years{1};

// What the unit of a size stands for; nothing if it is none.
std::optional<std::uint64_t> factor_of(std::string_view unit) {
  if (!std::ranges::all_of(unit, is_letter)) return std::nullopt;
  std::string one = "1" + std::string{unit};
  try {
    if (!CLI::AsSizeValue{false}(one).empty()) return std::nullopt;
  } catch (const CLI::ParseError&) {  // the same refusal
    return std::nullopt;
  }
  return std::stoull(one);
}

std::optional<Bytes> bytes_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  const auto factor = factor_of(text.substr(static_cast<std::size_t>(end - text.data())));
  if (!factor || value > std::numeric_limits<std::uint64_t>::max() / *factor) return std::nullopt;
  return Bytes{value * *factor};
}

// A value in a message: what is empty can be seen.
std::string shown(const std::string& text) { return text.empty() ? "''" : text; }

// CLI11 would only say that it cannot convert another value of a flag.
std::string yes_or_no(const std::string& text) {
  constexpr auto kWords =
      std::to_array<std::string_view>({"1", "0", "true", "false", "on", "off", "yes", "no"});
  if (std::ranges::find(kWords, CLI::detail::to_lower(text)) != kWords.end()) return {};
  return fmt::format("{}: not 1, true, 0 or false", shown(text));
}

}  // namespace

std::string not_empty(const std::string& text) { return text.empty() ? "the name is empty" : ""; }

Check count_from(std::uint64_t least, std::uint64_t most, const std::string& why) {
  return [=](std::string& text) -> std::string {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
      return fmt::format("{}: not a whole number from {} to {}{}{}", shown(text), least, most,
                         why.empty() ? "" : ": ", why);
    }
    text = std::to_string(value);
    return {};
  };
}

Check bytes_from(Bytes least, Bytes most) {
  return [=](std::string& text) -> std::string {
    if (const auto value = bytes_of(text); value && *value >= least && *value <= most) {
      text = std::to_string(value->value);
      return {};
    }
    const std::string range =
        most == kAnyBytes ? fmt::format("of {} or more", option_bytes(least))
                          : fmt::format("from {} to {}", option_bytes(least), option_bytes(most));
    return fmt::format("{}: not a size {}, such as 1024, 64K or 4MiB", shown(text), range);
  };
}

Check one_of(std::vector<std::string_view> names) {
  return [names = std::move(names)](std::string& text) -> std::string {
    const auto found = std::ranges::find(names, text);
    if (found == names.end()) {
      const auto last = std::prev(names.end());
      return fmt::format("{}: not {} or {}", shown(text), fmt::join(names.begin(), last, ", "),
                         *last);
    }
    text = std::to_string(found - names.begin());
    return {};
  };
}

std::string to_milliseconds(std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  static const std::map<std::string_view, double> units{{"", 1e3},  {"ms", 1},    {"s", 1e3},
                                                        {"m", 6e4}, {"min", 6e4}, {"h", 3.6e6}};
  const auto found = units.find(unit);
  if (error != std::errc{} || found == units.end() || !(number >= 0) ||
      number * found->second > static_cast<double>(kLongest.count())) {
    return fmt::format("{}: not a time from 0 to a year, such as 30, 500ms, 10s or 2m",
                       shown(text));
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
    if (option->get_items_expected_max() == 0) option->check(yes_or_no);
  }
}

}  // namespace mpiferry::cli
