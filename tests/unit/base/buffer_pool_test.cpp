#include "engine/base/buffer_pool.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace mpiferry {
namespace {

bool is_page_aligned(const std::byte* address) {
  return reinterpret_cast<std::uintptr_t>(address) % kPageSize == 0;
}

TEST(BufferPool, lends_up_to_its_capacity) {
  BufferPool pool{1_KiB, 3};
  std::vector<Lease> leases;
  for (int i = 0; i < 3; ++i) {
    auto lease = pool.try_acquire();
    ASSERT_TRUE(lease.has_value());
    leases.push_back(*std::move(lease));
  }
  EXPECT_FALSE(pool.try_acquire().has_value());
  EXPECT_EQ(pool.in_use(), 3U);
  EXPECT_EQ(pool.capacity(), 3U);
}

TEST(BufferPool, lends_again_after_a_lease_came_back) {
  BufferPool pool{1_KiB, 1};
  auto lease = pool.try_acquire();
  ASSERT_FALSE(pool.try_acquire().has_value());
  lease->reset();
  EXPECT_EQ(pool.in_use(), 0U);
  EXPECT_TRUE(pool.try_acquire().has_value());
}

TEST(BufferPool, lends_nothing_if_its_capacity_is_0) {
  BufferPool pool{1_KiB, 0};
  EXPECT_FALSE(pool.try_acquire().has_value());
  EXPECT_EQ(pool.peak(), 0U);
}

TEST(BufferPool, lends_the_block_first_that_came_back_last) {
  BufferPool pool{1_KiB, 3};
  auto a = pool.try_acquire();
  auto b = pool.try_acquire();
  auto c = pool.try_acquire();
  const std::byte* first = a->payload().data();
  const std::byte* last = c->payload().data();
  c->reset();
  a->reset();
  const auto next = pool.try_acquire();
  const auto after = pool.try_acquire();
  EXPECT_EQ(next->payload().data(), first);
  EXPECT_EQ(after->payload().data(), last);
}

// Small blocks are allocated one by one, large ones many at a time; of 33 MiB one to a slab.
TEST(BufferPool, lends_blocks_that_do_not_overlap) {
  for (const Bytes size : {Bytes{1}, 4_KiB, 256_KiB, 1_MiB, 33_MiB}) {
    BufferPool pool{size, 5};
    std::vector<Lease> leases;
    for (unsigned char i = 0; i < 5; ++i) {
      leases.push_back(*pool.try_acquire());
      const auto message = leases.back().message();
      message.front() = message.back() = std::byte{i};
    }
    for (unsigned char i = 0; i < 5; ++i) {
      EXPECT_EQ(leases[i].message().front(), std::byte{i}) << size.value;
      EXPECT_EQ(leases[i].message().back(), std::byte{i}) << size.value;
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(leases[i].payload().data()) % 4096, 0U);
    }
  }
}

TEST(BufferPool, peak_remembers_the_most_and_does_not_sink) {
  BufferPool pool{1_KiB, 5};
  EXPECT_EQ(pool.peak(), 0U);
  {
    auto a = pool.try_acquire();
    auto b = pool.try_acquire();
    EXPECT_EQ(pool.peak(), 2U);
  }
  EXPECT_EQ(pool.in_use(), 0U);
  auto c = pool.try_acquire();
  EXPECT_EQ(pool.peak(), 2U);
}

TEST(Lease, payload_is_page_aligned_and_has_the_asked_size) {
  for (const Bytes size : {1_B, 4095_B, 1_MiB}) {
    BufferPool pool{size, 2};
    const auto a = pool.try_acquire();
    const auto b = pool.try_acquire();
    for (const auto* lease : {&*a, &*b}) {
      EXPECT_TRUE(is_page_aligned(lease->payload().data()));
      EXPECT_EQ(lease->payload().size(), size.value);
    }
  }
}

TEST(Lease, header_lies_directly_before_the_payload) {
  BufferPool pool{100_B, 1};
  const auto lease = pool.try_acquire();
  EXPECT_EQ(lease->header().size(), kHeaderSize);
  EXPECT_EQ(lease->header().data() + kHeaderSize, lease->payload().data());
}

TEST(Lease, message_is_the_header_and_as_much_payload_as_asked) {
  BufferPool pool{100_B, 1};
  const auto lease = pool.try_acquire();
  EXPECT_EQ(lease->message().data(), lease->header().data());
  EXPECT_EQ(lease->message().size(), kHeaderSize + 100);
  EXPECT_EQ(lease->message(7).size(), kHeaderSize + 7);
  EXPECT_EQ(lease->message(0).size(), kHeaderSize);
}

TEST(Lease, every_byte_of_header_and_payload_can_be_written) {
  BufferPool pool{Bytes{kPageSize + 1}, 2};
  auto a = pool.try_acquire();
  auto b = pool.try_acquire();
  std::ranges::fill(a->message(), std::byte{0xaa});
  std::ranges::fill(b->message(), std::byte{0xbb});
  const auto is_aa = [](std::byte byte) { return byte == std::byte{0xaa}; };
  EXPECT_TRUE(std::ranges::all_of(a->message(), is_aa)) << "two leases share memory";
}

TEST(Lease, outlives_its_pool) {
  std::optional<Lease> lease;
  {
    BufferPool pool{1_KiB, 1};
    lease = pool.try_acquire();
  }
  std::ranges::fill(lease->message(), std::byte{1});
  EXPECT_EQ(lease->payload()[1023], std::byte{1});
  lease->reset();
  EXPECT_FALSE(*lease);
}

TEST(Lease, a_move_carries_the_block_and_leaves_nothing) {
  BufferPool pool{1_KiB, 1};
  Lease a = *pool.try_acquire();
  const std::byte* payload = a.payload().data();
  Lease b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT: the state after a move is part of the contract
  EXPECT_TRUE(b);
  EXPECT_EQ(b.payload().data(), payload);
  EXPECT_EQ(pool.in_use(), 1U);
}

TEST(Lease, move_assignment_gives_the_old_block_back) {
  BufferPool pool{1_KiB, 2};
  Lease a = *pool.try_acquire();
  Lease b = *pool.try_acquire();
  const std::byte* kept = b.payload().data();
  a = std::move(b);
  EXPECT_EQ(pool.in_use(), 1U);
  EXPECT_EQ(a.payload().data(), kept);
}

TEST(Lease, move_assignment_to_itself_changes_nothing) {
  BufferPool pool{1_KiB, 1};
  Lease lease = *pool.try_acquire();
  Lease& same = lease;
  lease = std::move(same);
  EXPECT_TRUE(lease);
  EXPECT_EQ(pool.in_use(), 1U);
}

TEST(Lease, gives_its_block_back_once) {
  BufferPool pool{1_KiB, 2};
  auto other = pool.try_acquire();
  {
    auto lease = pool.try_acquire();
    lease->reset();
    lease->reset();
    EXPECT_EQ(pool.in_use(), 1U);
  }
  EXPECT_EQ(pool.in_use(), 1U);
}

TEST(Lease, is_empty_until_it_is_acquired) {
  Lease lease;
  EXPECT_FALSE(lease);
  lease.reset();
}

TEST(Lease, cannot_be_copied) {
  EXPECT_FALSE(std::is_copy_constructible_v<Lease>);
  EXPECT_FALSE(std::is_copy_assignable_v<Lease>);
}

}  // namespace
}  // namespace mpiferry
