// In which order those who see a chunk are asked for it.
#include <vector>

#include <gtest/gtest.h>

#include "engine/plan/holdings.hpp"

namespace mpiferry::plan {
namespace {

constexpr std::uint64_t kChunks = 12;

wire::Holding all_of(std::uint32_t directory) {
  return {.directory = directory, .runs = {{.first = 0, .stride = 1, .count = kChunks}}};
}
wire::Holding one_of(std::uint32_t directory, std::uint64_t chunk) {
  return {.directory = directory, .runs = {{.first = chunk, .stride = 1, .count = 1}}};
}

std::vector<int> holders(const Holdings& holdings, std::uint64_t chunk, std::uint32_t directory) {
  std::vector<int> ranks;
  for (std::uint32_t n = 0; n < 100; ++n) {
    const auto rank = holdings.holder(ChunkIndex{chunk}, directory, n);
    if (!rank) break;
    ranks.push_back(rank->value);
  }
  return ranks;
}

TEST(Holdings, names_everyone_who_sees_a_chunk_once) {
  Holdings holdings{4, false};
  ASSERT_TRUE(holdings.add(Rank{1}, all_of(0), kChunks));
  ASSERT_TRUE(holdings.add(Rank{2}, all_of(0), kChunks));
  ASSERT_TRUE(holdings.add(Rank{3}, all_of(0), kChunks));
  EXPECT_EQ(holders(holdings, 2, 0), (std::vector{2, 3, 1})) << "from the one whose turn it is";
  EXPECT_EQ(holders(holdings, 0, 0), (std::vector{1, 2, 3})) << "whose turn it is sees nothing";
}

TEST(Holdings, leaves_nobody_out_whomever_it_names_first) {
  Holdings holdings{4, false};
  ASSERT_TRUE(holdings.add(Rank{3}, all_of(0), kChunks));
  ASSERT_TRUE(holdings.add(Rank{1}, all_of(0), kChunks));
  EXPECT_EQ(holders(holdings, 4, 0), (std::vector{3, 1}));
  EXPECT_EQ(holders(holdings, 2, 0), (std::vector{3, 1}));
}

TEST(Holdings, says_the_same_whatever_it_was_asked_meanwhile) {
  Holdings holdings{5, false};
  for (const int rank : {2, 3, 4}) ASSERT_TRUE(holdings.add(Rank{rank}, all_of(0), kChunks));
  const std::vector<int> before = holders(holdings, 0, 0);
  for (std::uint64_t chunk = 1; chunk < kChunks; ++chunk) {
    EXPECT_EQ(holders(holdings, chunk, 0).size(), 3U);
  }
  EXPECT_EQ(holders(holdings, 0, 0), before);
}

TEST(Holdings, spares_the_master_what_another_rank_has) {
  Holdings holdings{4, true};
  ASSERT_TRUE(holdings.add(kMaster, all_of(0), kChunks));
  ASSERT_TRUE(holdings.add(Rank{2}, one_of(0, 3), kChunks));
  EXPECT_EQ(holders(holdings, 2, 0), (std::vector{0})) << "nobody else has it";
  EXPECT_EQ(holders(holdings, 3, 0), (std::vector{2, 0}));
}

TEST(Holdings, names_nobody_for_what_nobody_sees) {
  Holdings holdings{3, false};
  ASSERT_TRUE(holdings.add(Rank{1}, one_of(0, 3), kChunks));
  EXPECT_TRUE(holders(holdings, 4, 0).empty());
  EXPECT_TRUE(holders(holdings, 3, 1).empty()) << "another directory";
}

}  // namespace
}  // namespace mpiferry::plan
