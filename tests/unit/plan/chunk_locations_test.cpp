#include "engine/plan/chunk_locations.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace mpiferry::plan {
namespace {

constexpr std::uint64_t kChunks = 100;
const std::vector<wire::ChunkRun> kAll{{0, 1, kChunks}};

// Everybody that can be asked, in the order of asking.
std::vector<int> holders(const ChunkLocations& all_seen, std::uint64_t chunk,
                         std::uint32_t directory) {
  std::vector<int> out;
  for (std::uint32_t n = 0;; ++n) {
    const auto rank = all_seen.holder({chunk}, directory, n);
    if (!rank) return out;
    out.push_back(rank->value);
  }
}

TEST(ChunkLocations, nobody_has_what_nobody_told) {
  ChunkLocations all_seen{3, false};
  EXPECT_EQ(holders(all_seen, 0, 0), std::vector<int>{});
  ASSERT_TRUE(all_seen.add(Rank{1}, {.directory = 0, .runs = {{5, 1, 2}}}, kChunks));
  EXPECT_EQ(holders(all_seen, 5, 0), std::vector<int>{1});
  EXPECT_EQ(holders(all_seen, 7, 0), std::vector<int>{});
  EXPECT_EQ(holders(all_seen, 5, 1), std::vector<int>{}) << "another directory";
}

TEST(ChunkLocations, those_who_see_everything_have_the_same_share) {
  ChunkLocations all_seen{4, false};
  for (int rank = 0; rank < 4; ++rank) ASSERT_TRUE(all_seen.add(Rank{rank}, {0, kAll}, kChunks));
  std::map<int, int> shares;
  for (std::uint64_t chunk = 0; chunk < kChunks; ++chunk) {
    ++shares[all_seen.holder({chunk}, 0, 0)->value];
  }
  EXPECT_EQ(shares, (std::map<int, int>{{0, 25}, {1, 25}, {2, 25}, {3, 25}}));
}

TEST(ChunkLocations, a_protected_master_comes_last) {
  ChunkLocations all_seen{4, true};
  for (int rank = 0; rank < 4; ++rank) ASSERT_TRUE(all_seen.add(Rank{rank}, {0, kAll}, kChunks));
  std::map<int, int> shares;
  for (std::uint64_t chunk = 0; chunk < 99; ++chunk) {
    const std::vector<int> order = holders(all_seen, chunk, 0);
    ASSERT_EQ(order.size(), 4U);
    EXPECT_EQ(order.back(), 0);
    ++shares[order.front()];
  }
  EXPECT_EQ(shares, (std::map<int, int>{{1, 33}, {2, 33}, {3, 33}}));
}

TEST(ChunkLocations, a_master_that_is_alone_is_asked) {
  ChunkLocations all_seen{1, true};
  ASSERT_TRUE(all_seen.add(Rank{0}, {0, kAll}, kChunks));
  EXPECT_EQ(holders(all_seen, 3, 0), std::vector<int>{0});
}

TEST(ChunkLocations, refuses_directories_out_of_turn_and_chunks_that_are_not_there) {
  ChunkLocations all_seen{2, false};
  EXPECT_TRUE(all_seen.add(Rank{1}, {2, {{0, 1, 3}}}, kChunks));
  EXPECT_TRUE(all_seen.add(Rank{1}, {2, {{3, 1, 3}}}, kChunks)) << "in parts";
  EXPECT_FALSE(all_seen.add(Rank{1}, {1, {{0, 1, 1}}}, kChunks));
  EXPECT_FALSE(all_seen.add(Rank{1}, {2, {{5, 1, 1}}}, kChunks)) << "it was told already";
  EXPECT_FALSE(all_seen.add(Rank{1}, {3, {{99, 1, 2}}}, kChunks));
  EXPECT_TRUE(all_seen.add(Rank{0}, {0, {{0, 1, 1}}}, kChunks)) << "each rank has its own turn";
}

// Whoever has told of a chunk is asked for it once, whatever was asked before.
TEST(ChunkLocations, everybody_who_has_a_chunk_is_asked_once) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random{seed};
    const int ranks = 1 + static_cast<int>(random() % 5);
    const bool protects_source = random() % 2 == 0;
    ChunkLocations all_seen{static_cast<std::uint32_t>(ranks), protects_source};
    std::map<std::pair<std::uint64_t, std::uint32_t>, std::vector<int>> told;
    std::vector<int> order(static_cast<std::size_t>(ranks));
    for (int rank = 0; rank < ranks; ++rank) order[static_cast<std::size_t>(rank)] = rank;
    std::ranges::shuffle(order, random);  // messages come as they like
    for (const int rank : order) {
      for (std::uint32_t directory = 0; directory < 3; ++directory) {
        ChunkSet set;
        for (std::uint64_t chunk = 0; chunk < 12; ++chunk) {
          if (random() % 2 == 0) continue;
          set.add({chunk});
          told[{chunk, directory}].push_back(rank);
        }
        const auto runs = set.runs();
        if (runs.empty()) continue;
        ASSERT_TRUE(all_seen.add(Rank{rank}, {directory, {runs.begin(), runs.end()}}, 12));
      }
    }
    for (int questions = 0; questions < 60; ++questions) {
      const std::uint64_t chunk = random() % 12;
      const auto directory = static_cast<std::uint32_t>(random() % 3);
      std::vector<int> asked = holders(all_seen, chunk, directory);
      if (protects_source && std::ranges::count(asked, 0) > 0) {
        EXPECT_EQ(asked.back(), 0);
      }
      std::ranges::sort(asked);
      std::ranges::sort(told[{chunk, directory}]);
      ASSERT_EQ(asked, (told[{chunk, directory}])) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace mpiferry::plan
