#include "cli/options/fault_values.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/process/whole_number.hpp"

namespace mpiferry::cli {
namespace {

// The numbers of "2:3"; none if one of them is not a number.
std::vector<std::uint64_t> numbers_in(std::string_view text) {
  std::vector<std::uint64_t> out;
  for (;;) {
    const auto colon = text.find(':');
    const auto value = whole_number<std::uint64_t>(text.substr(0, colon));
    if (!value) return {};
    out.push_back(*value);
    if (colon == std::string_view::npos) return out;
    text.remove_prefix(colon + 1);
  }
}

}  // namespace

void add_fault(wire::Faults& faults, const std::string& text) {
  const auto equals = std::min(text.find('='), text.size());
  const std::string name = text.substr(0, equals);
  const auto values = numbers_in(std::string_view{text}.substr(std::min(equals + 1, text.size())));
  const bool one = values.size() == 1;
  const bool one_or_two = one || values.size() == 2;
  const std::uint64_t second = values.size() == 2 ? values[1] : 0;
  constexpr std::uint64_t kMaxMicroseconds = 60'000'000;
  constexpr std::uint64_t kMaxRank = 1'000'000'000;
  if (name == "corrupt" && one_or_two && values[0] > 0 && (one || second > 0)) {
    faults.corrupt_every = values[0];
    faults.corrupt_first = second;
  } else if (name == "stall" && one_or_two && values[0] > 0 && values[0] <= kMaxRank) {
    faults.stall_rank = Rank{static_cast<int>(values[0])};
    faults.stall_after = second;
  } else if (name == "delay" && one && values[0] <= kMaxMicroseconds) {
    faults.write_delay = std::chrono::microseconds{values[0]};
  } else {
    throw CLI::ValidationError{
        "--fault", fmt::format("{}: not corrupt=K[:N], stall=RANK[:AFTER] or delay=MICROS, with K, "
                               "N and RANK from 1, MICROS up to {}",
                               text.empty() ? "''" : text, kMaxMicroseconds)};
  }
}

}  // namespace mpiferry::cli
