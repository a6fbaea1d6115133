#include "engine/plan/placement.hpp"

#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace mpiferry::plan {
namespace {

using wire::Layout;

TEST(Placement, a_chunk_of_its_own_file_begins_it) {
  for (const std::uint64_t chunk : {0U, 1U, 7U}) {
    EXPECT_EQ(place(Layout::chunks, {chunk}, 3, 1_MiB), 0_B);
  }
}

TEST(Placement, in_one_file_a_chunk_is_where_it_was) {
  EXPECT_EQ(place(Layout::file, {0}, 3, 1_MiB), 0_B);
  EXPECT_EQ(place(Layout::file, {7}, 3, 1_MiB), 7_MiB);
  EXPECT_EQ(place(Layout::file, {5120}, 3, 1_MiB), 5_GiB);
}

// Whatever the numbers: the chunks of a worker lie one directly behind the other, in their order,
// and together they are as long as ChunkPlan says.
TEST(Placement, a_stripe_has_no_holes_and_no_overlaps) {
  for (std::uint32_t workers = 1; workers <= 5; ++workers) {
    for (std::uint64_t size = 0; size <= 64; ++size) {
      const ChunkPlan plan{Bytes{size}, 4_B, workers};
      std::map<int, Bytes> ends;
      for (std::uint64_t i = 0; i < plan.chunks(); ++i) {
        Bytes& end = ends[plan.owner_of({i}).value];
        ASSERT_EQ(place(Layout::stripes, {i}, workers, 4_B), end) << size << " chunk " << i;
        end += plan.length_of({i});
      }
      Bytes all;
      for (int rank = 1; rank <= static_cast<int>(workers); ++rank) {
        EXPECT_EQ(plan.bytes_of(Rank{rank}), ends[rank]) << size << " rank " << rank;
        all += ends[rank];
      }
      EXPECT_EQ(all, Bytes{size});
    }
  }
}

TEST(ChunkPlan, counts_the_bytes_of_a_worker_beyond_4_gib) {
  constexpr ChunkPlan kPlan{12_GiB + 1_B, 1_GiB, 2};  // 13 chunks, the last of 1 byte
  EXPECT_EQ(kPlan.bytes_of(Rank{1}), 6_GiB + 1_B);
  EXPECT_EQ(kPlan.bytes_of(Rank{2}), 6_GiB);
}

}  // namespace
}  // namespace mpiferry::plan
