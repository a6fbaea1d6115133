#include "engine/plan/chunk_set.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace mpiferry::plan {
namespace {

ChunkSet set_of(const std::set<std::uint64_t>& chunks) {
  ChunkSet set;
  for (const std::uint64_t chunk : chunks) set.add({chunk});
  return set;
}

std::vector<wire::ChunkRun> runs_of(const ChunkSet& set) {
  return {set.runs().begin(), set.runs().end()};
}

TEST(ChunkSet, is_empty_at_first) {
  const ChunkSet set;
  EXPECT_EQ(set.size(), 0U);
  EXPECT_FALSE(set.contains({0}));
  EXPECT_TRUE(set.runs().empty());
}

TEST(ChunkSet, a_worker_of_a_round_robin_is_one_run) {
  ChunkSet set;
  for (std::uint64_t chunk = 2; chunk < 1'000'000; chunk += 5) set.add({chunk});
  EXPECT_EQ(runs_of(set), (std::vector<wire::ChunkRun>{{2, 5, 200'000}}));
  EXPECT_EQ(set.size(), 200'000U);
  EXPECT_TRUE(set.contains({2 + 5 * 777}));
  EXPECT_FALSE(set.contains({3 + 5 * 777}));
  EXPECT_FALSE(set.contains({1'000'002}));
}

TEST(ChunkSet, a_hole_begins_a_run) {
  ChunkSet set = set_of({0, 1, 2, 4, 5});
  EXPECT_EQ(runs_of(set), (std::vector<wire::ChunkRun>{{0, 1, 3}, {4, 1, 2}}));
  EXPECT_FALSE(set.contains({3}));
}

// Whatever is added: it has these chunks and no others, before and after it was sent in parts.
TEST(ChunkSet, has_what_was_added_and_nothing_else) {
  for (std::uint32_t seed = 0; seed < 500; ++seed) {
    std::mt19937 random{seed};
    std::set<std::uint64_t> chunks;
    const std::uint64_t most = 1 + random() % 200;
    const std::uint64_t wanted = random() % most;
    for (std::uint64_t i = 0; i < wanted; ++i) chunks.insert(random() % most);
    const ChunkSet set = set_of(chunks);

    ChunkSet sent;
    for (auto runs = set.runs(); !runs.empty();) {
      const auto part = runs.first(std::min<std::size_t>(runs.size(), 1 + random() % 4));
      ASSERT_TRUE(sent.add(part, most));
      runs = runs.subspan(part.size());
    }
    EXPECT_EQ(set.size(), chunks.size());
    EXPECT_EQ(runs_of(sent), runs_of(set));
    for (std::uint64_t chunk = 0; chunk < most + 2; ++chunk) {
      ASSERT_EQ(sent.contains({chunk}), chunks.contains(chunk)) << "seed " << seed << ": " << chunk;
    }
  }
}

TEST(ChunkSet, refuses_runs_that_come_again_or_reach_too_far_and_adds_none_of_them) {
  using Runs = std::vector<wire::ChunkRun>;
  ChunkSet set = set_of({3, 5});
  EXPECT_FALSE(set.add(Runs{{5, 1, 1}}, 100));
  EXPECT_FALSE(set.add(Runs{{4, 1, 1}}, 100));
  EXPECT_FALSE(set.add(Runs{{6, 1, 1}, {6, 1, 1}}, 100));
  EXPECT_FALSE(set.add(Runs{{6, 2, 2}, {7, 1, 1}}, 100)) << "one reaches into the other";
  EXPECT_FALSE(set.add(Runs{{6, 1, 95}}, 100));
  EXPECT_EQ(set.size(), 2U);
  EXPECT_TRUE(set.add(Runs{{6, 1, 94}}, 100));
  EXPECT_EQ(set.size(), 96U);
}

}  // namespace
}  // namespace mpiferry::plan
