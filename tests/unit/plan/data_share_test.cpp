#include "engine/plan/data_share.hpp"

#include <gtest/gtest.h>

#include "engine/plan/distribution.hpp"

namespace mpiferry::plan {
namespace {

TEST(DataShare, of_a_whole_file_is_its_bytes) {
  const Bytes size{10'007};
  const ChunkPlan plan{size, Bytes{100}};
  const auto data = data_by_worker({{0_B, size}}, Bytes{100}, 3);
  for (const int rank : {1, 2, 3}) {
    EXPECT_EQ(data[static_cast<std::size_t>(rank) - 1],
              Distribution::round_robin(3).bytes_of(Rank{rank}, plan));
  }
}

TEST(DataShare, counts_data_and_no_hole) {
  // Chunks 0, 2 and 4 are worker 1's.
  const std::vector<Extent> extents{
      {Bytes{5}, Bytes{10}}, {Bytes{25}, Bytes{1}}, {Bytes{39}, Bytes{3}}};
  const auto data = data_by_worker(extents, Bytes{10}, 2);
  EXPECT_EQ(data[0], Bytes{5 + 1 + 2});
  EXPECT_EQ(data[1], Bytes{5 + 1});
  EXPECT_EQ(sum_of(extents), Bytes{14});
}

TEST(DataShare, of_a_file_that_is_one_hole_is_nothing) {
  EXPECT_EQ(data_by_worker({{0_B, 0_B}}, Bytes{10}, 1), std::vector<Bytes>{0_B});
}

}  // namespace
}  // namespace mpiferry::plan
