#include "engine/wire/byte_order.hpp"

#include <array>
#include <cstdint>

#include <gtest/gtest.h>

namespace mpiferry::wire {
namespace {

TEST(ByteOrder, the_lowest_byte_comes_first) {
  std::array<std::byte, 8> out{};
  put<0>(std::span{out}, std::uint64_t{0x0102030405060708});
  EXPECT_EQ(out,
            (std::array<std::byte, 8>{std::byte{8}, std::byte{7}, std::byte{6}, std::byte{5},
                                      std::byte{4}, std::byte{3}, std::byte{2}, std::byte{1}}));
}

TEST(ByteOrder, put_touches_only_its_bytes) {
  std::array<std::byte, 4> out{};
  put<1>(std::span{out}, std::uint16_t{0xffff});
  EXPECT_EQ(out[0], std::byte{0});
  EXPECT_EQ(out[3], std::byte{0});
}

TEST(ByteOrder, take_returns_what_put_wrote) {
  std::array<std::byte, 16> bytes{};
  for (const std::uint64_t value : {0ULL, 1ULL, 0x80ULL, 0xffffffffULL, 1ULL << 63U, ~0ULL}) {
    put<3>(std::span{bytes}, value);
    EXPECT_EQ((take<3, std::uint64_t>(std::span<const std::byte, 16>{bytes})), value);
    put<12>(std::span{bytes}, static_cast<std::uint32_t>(value));
    EXPECT_EQ((take<12, std::uint32_t>(std::span<const std::byte, 16>{bytes})),
              static_cast<std::uint32_t>(value));
  }
}

}  // namespace
}  // namespace mpiferry::wire
