// Numbers as people read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/units.hpp"

namespace mpiferry::cli {

std::string human_bytes(Bytes bytes);                      // "256.0 MiB"
std::string option_bytes(Bytes bytes);                     // "256K", as options take it; exact
std::string human_seconds(std::chrono::nanoseconds time);  // "0.123 s", "2 m 05 s"
std::string whole_seconds(std::chrono::nanoseconds time);  // "0 s", "2 m 05 s"
// "412.3 MiB/s", in the units of human_bytes; "0 B/s" for no time.
std::string human_rate(Bytes bytes, std::chrono::nanoseconds time);
std::string counted(std::uint64_t number, std::string_view noun);  // "1 chunk", "0 chunks"
// "was" after one, "were" after any other number.
constexpr const char* was(std::uint64_t number) noexcept { return number == 1 ? "was" : "were"; }
// 10^9 bytes a second; 0 for no time.
double gigabytes_per_second(Bytes bytes, std::chrono::nanoseconds time);

}  // namespace mpiferry::cli
