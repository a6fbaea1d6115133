// The whole numbers of a command line.
#pragma once

#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace mpiferry::limits {

// Digits alone, and not more than `most`. Throws std::invalid_argument, which names the argument.
inline std::uint64_t number(std::string_view name, std::string_view text, std::uint64_t least,
                            std::uint64_t most) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value < least || value > most) {
    throw std::invalid_argument{std::string{name} + ": '" + std::string{text} +
                                "' is no whole number from " + std::to_string(least) + " to " +
                                std::to_string(most)};
  }
  return value;
}

}  // namespace mpiferry::limits
