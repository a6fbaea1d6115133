// Little-endian integers in byte spans of fixed size. Internal to the layer.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mpiferry::wire {

// Shifts, not memcpy: right on hosts of either byte order, and compilers make one store of it.
// That the value fits into the span is checked at compile time.
template <std::size_t kAt, std::unsigned_integral T, std::size_t kSize>
constexpr void put(std::span<std::byte, kSize> out, T value) noexcept {
  static_assert(kSize != std::dynamic_extent && kAt + sizeof(T) <= kSize);
  const std::uint64_t wide = value;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out[kAt + i] = static_cast<std::byte>((wide >> (8 * i)) & 0xffU);
  }
}

template <std::size_t kAt, std::unsigned_integral T, std::size_t kSize>
constexpr T take(std::span<const std::byte, kSize> in) noexcept {
  static_assert(kSize != std::dynamic_extent && kAt + sizeof(T) <= kSize);
  std::uint64_t wide = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    wide |= std::to_integer<std::uint64_t>(in[kAt + i]) << (8 * i);
  }
  return static_cast<T>(wide);
}

}  // namespace mpiferry::wire
