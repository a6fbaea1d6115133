// Hexadecimal digits.
#pragma once

#include <string_view>

namespace mpiferry {

inline constexpr std::string_view kHexDigits = "0123456789abcdef";

// The value of a digit of either case; -1 if it is none. Independent of the locale.
constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace mpiferry
