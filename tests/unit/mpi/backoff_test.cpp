// How a poller waits, as arithmetic.
#include "engine/mpi/backoff.hpp"

#include <chrono>
#include <cstdint>

#include <gtest/gtest.h>

namespace mpiferry::mpi {
namespace {

using namespace std::chrono_literals;
using Kind = BackoffStep::Kind;

constexpr BackoffLimits kLimits{.spins = 2, .yields = 3, .first_nap = 20us, .longest_nap = 250us};

BackoffStep after(Backoff& backoff, int misses) {
  for (int i = 0; i < misses; ++i) backoff.next();
  return backoff.next();
}

TEST(Backoff, spins_then_yields_then_naps) {
  Backoff backoff{kLimits};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(backoff.next(), (BackoffStep{Kind::spin, 0us})) << i;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(backoff.next(), (BackoffStep{Kind::yield, 0us})) << i;
  EXPECT_EQ(backoff.next(), (BackoffStep{Kind::nap, 20us}));
}

TEST(Backoff, naps_double_up_to_the_longest_and_stay_there) {
  Backoff backoff{kLimits};
  EXPECT_EQ(after(backoff, 5).nap, 20us);
  EXPECT_EQ(backoff.next().nap, 40us);
  EXPECT_EQ(backoff.next().nap, 80us);
  EXPECT_EQ(backoff.next().nap, 160us);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(backoff.next(), (BackoffStep{Kind::nap, 250us}));
}

TEST(Backoff, a_completion_makes_it_quick_again) {
  Backoff backoff{kLimits};
  after(backoff, 20);
  backoff.reset();
  EXPECT_EQ(backoff.next().kind, Kind::spin);
  EXPECT_EQ(after(backoff, 4), (BackoffStep{Kind::nap, 20us})) << "and short again";
}

TEST(Backoff, a_completion_between_misses_keeps_it_from_napping) {
  Backoff backoff{kLimits};
  for (int i = 0; i < 1000; ++i) {
    EXPECT_NE(backoff.next().kind, Kind::nap);
    if (i % 5 == 4) backoff.reset();
  }
}

TEST(Backoff, limits_of_0_nap_at_once) {
  Backoff backoff{{.spins = 0, .yields = 0, .first_nap = 10us, .longest_nap = 10us}};
  EXPECT_EQ(backoff.next(), (BackoffStep{Kind::nap, 10us}));
  EXPECT_EQ(backoff.next(), (BackoffStep{Kind::nap, 10us}));
}

TEST(Backoff, spins_only_if_there_is_nothing_to_yield) {
  Backoff backoff{{.spins = 1, .yields = 0}};
  EXPECT_EQ(backoff.next().kind, Kind::spin);
  EXPECT_EQ(backoff.next().kind, Kind::nap);
}

TEST(Backoff, is_patient_where_every_rank_has_a_core) {
  for (const double ranks_per_core : {0.01, 0.5, 1.0}) {
    const BackoffLimits limits = BackoffLimits::for_oversubscription(ranks_per_core);
    EXPECT_EQ(limits.spins, BackoffLimits{}.spins);
    EXPECT_EQ(limits.yields, BackoffLimits{}.yields);
    EXPECT_EQ(limits.first_nap, BackoffLimits{}.first_nap);
  }
}

TEST(Backoff, yields_once_and_naps_where_ranks_share_cores) {
  Backoff backoff{BackoffLimits::for_oversubscription(1.5)};
  EXPECT_EQ(backoff.next().kind, Kind::yield);
  EXPECT_EQ(backoff.next(), (BackoffStep{Kind::nap, 150us}));
}

TEST(Backoff, naps_the_longer_the_more_ranks_share_a_core) {
  EXPECT_EQ(BackoffLimits::for_oversubscription(2).first_nap, 200us);
  EXPECT_EQ(BackoffLimits::for_oversubscription(4.5).first_nap, 450us);
  for (const double ranks_per_core : {1.01, 3.0, 20.0, 1e6, 1e30}) {
    const BackoffLimits limits = BackoffLimits::for_oversubscription(ranks_per_core);
    EXPECT_GT(limits.first_nap, 0us);
    EXPECT_LE(limits.first_nap, limits.longest_nap);
    EXPECT_LE(limits.longest_nap, 2ms) << "an ack must not wait for a sleeper";
  }
}

TEST(Backoff, never_naps_longer_than_the_limit_by_default) {
  Backoff backoff;
  for (int i = 0; i < 10'000; ++i) EXPECT_LE(backoff.next().nap, 250us);
}

TEST(ProgressDetector, tells_a_piece_from_a_look) {
  ProgressDetector length;
  EXPECT_FALSE(length.moved(300ns, 1));
  EXPECT_FALSE(length.moved(10us, 1));
  EXPECT_TRUE(length.moved(13us, 1));
  EXPECT_FALSE(length.moved(300ns, 1));
}

TEST(ProgressDetector, allows_for_many_requests) {
  ProgressDetector length;
  EXPECT_FALSE(length.moved(300ns, 1));
  EXPECT_FALSE(length.moved(20us, 1000));
  EXPECT_TRUE(length.moved(40us, 1000));
}

TEST(ProgressDetector, where_all_tests_take_long_none_is_long_after_a_while) {
  ProgressDetector length;
  std::uint32_t moved = 0;
  for (int i = 0; i < 10'000; ++i) moved += length.moved(i % 2 == 0 ? 30us : 90us, 4) ? 1U : 0U;
  EXPECT_EQ(moved, ProgressDetector::kMaxPieces);
  EXPECT_TRUE(length.moved(130us, 4)) << "what is longer still counts";
  EXPECT_FALSE(length.moved(1us, 4));
  EXPECT_TRUE(length.moved(30us, 4)) << "and that was so for a time only";
}

TEST(ProgressDetector, a_completion_begins_a_new_row) {
  ProgressDetector length;
  for (std::uint32_t i = 0; i < 3 * ProgressDetector::kMaxPieces; ++i) {
    if (i % 2048 == 0) length.completed();
    ASSERT_TRUE(length.moved(30us, 4)) << i;
  }
}

}  // namespace
}  // namespace mpiferry::mpi
