#include "cli/options/option_values.hpp"

#include <algorithm>
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
#include "cli/process/whole_number.hpp"

namespace mpiferry::cli {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr std::chrono::milliseconds kMaxTime = std::chrono::years{1};

// What the unit of a size stands for; nothing if it is none. CLI::AsSizeValue knows the units, but
// as a transform it would not say the range, and it takes 010 for 8.
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

// A value in a message, where an empty one must be visible.
std::string visible(const std::string& text) { return text.empty() ? "''" : text; }

}  // namespace

std::string not_empty(const std::string& text) { return text.empty() ? "the name is empty" : ""; }

Check count_from(std::uint64_t min, std::uint64_t max, const std::string& why) {
  return [=](std::string& text) -> std::string {
    const auto value = whole_number<std::uint64_t>(text);
    if (!value || *value < min || *value > max) {
      return fmt::format("{}: not a whole number from {} to {}{}{}", visible(text), min, max,
                         why.empty() ? "" : ": ", why);
    }
    text = std::to_string(*value);
    return {};
  };
}

Check bytes_from(Bytes min, Bytes max) {
  return [=](std::string& text) -> std::string {
    if (const auto value = bytes_of(text); value && *value >= min && *value <= max) {
      text = std::to_string(value->value);
      return {};
    }
    const std::string range =
        max == kAnyBytes ? fmt::format("of {} or more", option_bytes(min))
                         : fmt::format("from {} to {}", option_bytes(min), option_bytes(max));
    return fmt::format("{}: not a size {}, such as 1024, 64K or 4MiB", visible(text), range);
  };
}

Check one_of(std::vector<std::string_view> names) {
  return [names = std::move(names)](std::string& text) -> std::string {
    const auto found = std::ranges::find(names, text);
    if (found == names.end()) {
      const auto last = std::prev(names.end());
      return fmt::format("{}: not {} or {}", visible(text), fmt::join(names.begin(), last, ", "),
                         *last);
    }
    text = std::to_string(found - names.begin());
    return {};
  };
}

// CLI::AsNumberWithUnit would not say the range.
std::string to_milliseconds(std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  static const std::map<std::string_view, double> units{{"", 1e3},  {"ms", 1},    {"s", 1e3},
                                                        {"m", 6e4}, {"min", 6e4}, {"h", 3.6e6}};
  const auto found = units.find(unit);
  if (error != std::errc{} || found == units.end() || !(number >= 0) ||
      number * found->second > static_cast<double>(kMaxTime.count())) {
    return fmt::format("{}: not a time from 0 to a year, such as 30, 500ms, 10s or 2m",
                       visible(text));
  }
  text = fmt::format("{:.0f}", std::ceil(number * found->second));  // 0 means never
  return {};
}

}  // namespace mpiferry::cli
