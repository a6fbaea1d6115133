// What Google Benchmark passes over, and then ends with 0 without having measured or shown
// anything.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bench/limits/numbers.hpp"

namespace mpiferry::bench {

// Throws std::invalid_argument for a format that there is not, and for repetitions below 1.
inline void check_options(std::span<char* const> arguments) {
  constexpr std::array<std::string_view, 3> kFormats{"console", "json", "csv"};
  for (const std::string_view argument : arguments) {
    const auto equals = argument.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string option{argument.substr(0, equals)};
    const std::string value{argument.substr(equals + 1)};
    if (option == "--benchmark_repetitions") {
      static_cast<void>(limits::number(option, value, 1, std::uint64_t{1} << 20U));
    }
    if ((option == "--benchmark_format" || option == "--benchmark_out_format") &&
        std::ranges::find(kFormats, value) == kFormats.end()) {
      throw std::invalid_argument{option + ": '" + value + "' is none of console, json, csv"};
    }
  }
}

// The exit code of a run of so many benchmarks: 1 also if what it printed has not arrived.
inline int code_of(std::size_t found) { return found > 0 && std::cout.flush() ? 0 : 1; }

}  // namespace mpiferry::bench
