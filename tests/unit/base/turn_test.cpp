// Who reports first, where several ranks have the same to report.
#include "engine/base/turn.hpp"

#include <chrono>
#include <limits>

#include <gtest/gtest.h>

namespace mpiferry {
namespace {

using std::chrono::milliseconds;

TEST(Turn, of_ranks_0_and_1_comes_at_once) {
  EXPECT_EQ(turn_of(kMaster), milliseconds{0});
  EXPECT_EQ(turn_of(Rank{1}), milliseconds{0});
}

TEST(Turn, of_a_rank_comes_when_the_one_below_has_had_half_a_second) {
  for (int rank = 2; rank <= 9; ++rank) {
    EXPECT_EQ(turn_of(Rank{rank}) - turn_of(Rank{rank - 1}), milliseconds{500}) << rank;
  }
}

TEST(Turn, of_no_rank_comes_later_than_after_four_seconds) {
  EXPECT_EQ(turn_of(Rank{10}), milliseconds{4000});
  EXPECT_EQ(turn_of(Rank{std::numeric_limits<int>::max()}), milliseconds{4000});
}

TEST(Turn, of_a_rank_that_is_not_known_comes_at_once) {
  EXPECT_EQ(turn_of(kNoRank), milliseconds{0});
}

}  // namespace
}  // namespace mpiferry
