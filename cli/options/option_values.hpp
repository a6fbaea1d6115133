// How the values of options are written: checks and conversions for CLI11.
//
// Each check takes the text of a value, turns it into plain digits, and returns what is wrong with
// it, or nothing. What is wrong always says the range.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/units.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's own
class App;
}  // namespace CLI

namespace mpiferry::cli {

using Check = std::function<std::string(std::string&)>;

// A whole number in decimal, whatever its first digit: CLI11 takes 010 for 8 and 0x10 for 16.
// `why`: what there is to say of the range.
Check count_from(std::uint64_t least, std::uint64_t most, const std::string& why = "");
// A byte count: decimal digits, then nothing, K, M, G (times 1024) with or without "iB" or "B".
Check bytes_from(Bytes least, Bytes most);
// No limit but that of 64 bits.
inline constexpr Bytes kAnyBytes{~std::uint64_t{0}};
// A duration: seconds, or with a unit: 500ms, 10s, 2m. Becomes milliseconds.
std::string to_milliseconds(std::string& text);

// One of these words. Becomes the number of the enumerator.
Check one_of(std::vector<std::string_view> names);

// The name of a file. Changes nothing.
std::string not_empty(const std::string& text);

// "--chunk-size" is MPIFERRY_CHUNK_SIZE in the environment, for this command and no other.
void name_in_environment(CLI::App& app);

}  // namespace mpiferry::cli
