#include "engine/wire/inventory.hpp"

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace mpiferry::wire {
namespace {

std::vector<std::byte> encoded(const Inventory& inventory) {
  std::vector<std::byte> out(kInventoryHead + inventory.held.size() * kHeldSize);
  EXPECT_EQ(encode(inventory, out), out.size());
  return out;
}

TEST(Inventory, decode_returns_what_encode_wrote) {
  for (const Inventory& inventory :
       {Inventory{}, Inventory{7, kAllLookedAt, {}},
        Inventory{2, 9, {{{2}, 0xfeed}, {{5}, 0}, {{kMaxChunks - 1}, 1}}}}) {
    const auto decoded = decode_inventory(encoded(inventory));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, inventory);
  }
}

TEST(Inventory, refuses_lengths_and_chunks_that_can_not_be) {
  const auto good = encoded({0, 3, {{{1}, 1}, {{2}, 2}}});
  for (std::size_t size = 0; size < good.size(); ++size) {
    const bool whole = size == kInventoryHead || size == kInventoryHead + kHeldSize;
    EXPECT_EQ(static_cast<bool>(decode_inventory(std::span{good}.first(size))), whole) << size;
  }
  EXPECT_FALSE(decode_inventory(encoded({0, 3, {{{2}, 1}, {{2}, 2}}}))) << "twice";
  EXPECT_FALSE(decode_inventory(encoded({0, 3, {{{2}, 1}, {{1}, 2}}}))) << "not in order";
  EXPECT_FALSE(decode_inventory(encoded({3, 2, {}}))) << "ends before it begins";
  EXPECT_FALSE(decode_inventory(encoded({0, 3, {{{kMaxChunks}, 1}}})));
}

}  // namespace
}  // namespace mpiferry::wire
