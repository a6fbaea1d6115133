// Checks and conversions of the values of options, for CLI11.
//
// A check takes the text of a value, turns it into plain digits, and returns what is wrong with it,
// or nothing. A message always names the range.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/units.hpp"

namespace mpiferry::cli {

using Check = std::function<std::string(std::string&)>;

// A whole number in decimal, whatever its first digit: CLI11 takes 010 for 8 and 0x10 for 16.
// `why`: the reason for the range.
Check count_from(std::uint64_t min, std::uint64_t max, const std::string& why = "");
// A byte count: decimal digits, then nothing, K, M, G (times 1024) with or without "iB" or "B".
Check bytes_from(Bytes min, Bytes max);
// No limit but 64 bits.
inline constexpr Bytes kAnyBytes{~std::uint64_t{0}};
// A duration: seconds, or with a unit: 500ms, 10s, 2m. Becomes milliseconds.
std::string to_milliseconds(std::string& text);

// One of these words. Becomes the number of the enumerator.
Check one_of(std::vector<std::string_view> names);

// The name of a file. Changes nothing.
std::string not_empty(const std::string& text);

}  // namespace mpiferry::cli
