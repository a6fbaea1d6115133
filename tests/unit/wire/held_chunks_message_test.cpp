#include "engine/wire/held_chunks_message.hpp"

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace mpiferry::wire {
namespace {

std::vector<std::byte> encoded(const HeldChunksMessage& held_chunks) {
  std::vector<std::byte> out(kHeldChunksHead + held_chunks.held.size() * kHeldSize);
  EXPECT_EQ(encode(held_chunks, out), out.size());
  return out;
}

TEST(HeldChunksMessage, decode_returns_what_encode_wrote) {
  for (const HeldChunksMessage& held_chunks :
       {HeldChunksMessage{}, HeldChunksMessage{7, kAllLookedAt, {}},
        HeldChunksMessage{2, 9, {{{2}, 0xfeed}, {{5}, 0}, {{kMaxChunks - 1}, 1}}}}) {
    const auto decoded = decode_held_chunks(encoded(held_chunks));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, held_chunks);
  }
}

TEST(HeldChunksMessage, refuses_lengths_and_chunks_that_cannot_be) {
  const auto good = encoded({0, 3, {{{1}, 1}, {{2}, 2}}});
  for (std::size_t size = 0; size < good.size(); ++size) {
    const bool whole = size == kHeldChunksHead || size == kHeldChunksHead + kHeldSize;
    EXPECT_EQ(static_cast<bool>(decode_held_chunks(std::span{good}.first(size))), whole) << size;
  }
  EXPECT_FALSE(decode_held_chunks(encoded({0, 3, {{{2}, 1}, {{2}, 2}}}))) << "twice";
  EXPECT_FALSE(decode_held_chunks(encoded({0, 3, {{{2}, 1}, {{1}, 2}}}))) << "not in order";
  EXPECT_FALSE(decode_held_chunks(encoded({3, 2, {}}))) << "ends before it begins";
  EXPECT_FALSE(decode_held_chunks(encoded({0, 3, {{{kMaxChunks}, 1}}})));
}

}  // namespace
}  // namespace mpiferry::wire
