// Makes decisions and numbers of a fuzzer's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mpiferry::fuzz {

// Reads from the front. Behind the end everything is 0.
class Feed {
 public:
  explicit Feed(std::span<const std::byte> bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  std::span<const std::byte> rest() const { return rest_; }

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = std::to_integer<std::uint8_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return value;
  }
  bool flag() { return (byte() & 1U) != 0; }
  // Returns 0 .. n - 1, made of one byte. Precondition: 0 < n <= 256.
  std::size_t below(std::size_t n) { return byte() % n; }

  // Small numbers cost one byte, those beside a power of two two bytes, all others nine.
  std::uint64_t number() {
    const std::uint8_t first = byte();
    if (first < 0xc0) return first;
    if (first < 0xf0) {
      const std::uint64_t power = std::uint64_t{1} << (byte() % 64U);
      return power + first - 0xd8;  // may wrap around: that is a number as well
    }
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8U | byte();
    return value;
  }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace mpiferry::fuzz
