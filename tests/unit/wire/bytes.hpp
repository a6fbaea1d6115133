// Turns texts and patterns into bytes, for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace mpiferry::wire {

using ByteVector = std::vector<std::byte>;

// The pattern of the known answers: byte i is (31 i + 7) mod 256. In Python:
// bytes((i * 31 + 7) & 255 for i in range(n))
inline ByteVector pattern(std::size_t size) {
  ByteVector out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>((i * 31 + 7) & 0xffU);
  return out;
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text});
}

inline std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace mpiferry::wire
