// Which case is advised.
#include "cli/tune/tuning_choice.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace mpiferry::cli {
namespace {

TuningFigure figure(Bytes chunk_size, std::uint32_t window, std::vector<double> speeds) {
  return {{chunk_size, window}, std::move(speeds)};
}

TEST(TuningFigure, knows_median_and_spread) {
  EXPECT_DOUBLE_EQ(figure(1_MiB, 8, {3, 1, 2}).median(), 2);
  EXPECT_DOUBLE_EQ(figure(1_MiB, 8, {4, 1, 2, 3}).median(), 2.5);
  EXPECT_DOUBLE_EQ(figure(1_MiB, 8, {3, 1, 2}).spread(), 1);
  EXPECT_DOUBLE_EQ(figure(1_MiB, 8, {}).spread(), 0);
}

TEST(TuningChoice, keeps_the_default_if_it_is_the_best) {
  const TuningChoice choice = choose({figure(1_MiB, 8, {2, 2, 2}), figure(64_KiB, 2, {1, 1, 1})});
  EXPECT_TRUE(choice.keeps_default);
  EXPECT_EQ(choice.best, 0U);
  EXPECT_EQ(choice.chosen, 0U);
}

TEST(TuningChoice, keeps_the_default_within_the_noise_even_if_another_needs_less_memory) {
  const TuningChoice choice =
      choose({figure(1_MiB, 8, {1.9, 2.0, 2.1}), figure(64_KiB, 2, {2.0, 2.1, 2.2})});
  // pi / 2 * 2 / sqrt(3) * (mean distance from the median, over n - 1) / median, of the two cases.
  EXPECT_NEAR(choice.noise, 3.14159265 / std::sqrt(3.0) * (0.1 / 2.0 + 0.1 / 2.1) / 2, 1e-6);
  EXPECT_TRUE(choice.keeps_default);
  EXPECT_EQ(choice.best, 1U);
  EXPECT_EQ(choice.chosen, 0U);
}

// Two cases that are 10 % apart, with noise of 5 % either way.
std::vector<TuningFigure> apart(std::size_t repetitions) {
  std::vector<double> slow;
  std::vector<double> fast;
  for (std::size_t i = 0; i < repetitions; ++i) {
    const double noise = 0.05 * (static_cast<double>(i * 7 % 11) / 5 - 1);
    slow.push_back(2.0 * (1 + noise));
    fast.push_back(2.2 * (1 - noise));
  }
  return {figure(1_MiB, 8, slow), figure(4_MiB, 2, fast)};
}

TEST(TuningChoice, sees_smaller_differences_with_more_repetitions) {
  EXPECT_GT(choose(apart(5)).noise, choose(apart(20)).noise);
  EXPECT_GE(choose(apart(20)).noise, choose(apart(100)).noise);
  EXPECT_FALSE(choose(apart(30)).keeps_default);
}

TEST(TuningChoice, advises_nothing_out_of_noise) {
  const TuningChoice choice =
      choose({figure(1_MiB, 8, {0.1, 1.0, 9.0}), figure(4_MiB, 2, {10.0, 100.0, 900.0})});
  EXPECT_DOUBLE_EQ(choice.noise, kMaxNoise);
  EXPECT_TRUE(choice.too_noisy);
  EXPECT_TRUE(choice.keeps_default);
  EXPECT_EQ(choice.chosen, 0U);
}

TEST(TuningChoice, leaves_the_default_for_what_is_faster_beyond_the_noise) {
  const TuningChoice choice =
      choose({figure(1_MiB, 8, {1.9, 2.0, 2.1}), figure(4_MiB, 2, {2.9, 3.0, 3.1})});
  EXPECT_FALSE(choice.keeps_default);
  EXPECT_EQ(choice.chosen, 1U);
}

TEST(TuningChoice, takes_the_smallest_memory_of_those_as_good_as_the_best) {
  const TuningChoice choice =
      choose({figure(1_MiB, 8, {1, 1, 1}), figure(4_MiB, 8, {3, 3, 3}),
              figure(2_MiB, 2, {2.95, 2.95, 2.95}), figure(64_KiB, 2, {2.9, 2.9, 2.9})});
  EXPECT_DOUBLE_EQ(choice.noise, kMinNoise);
  EXPECT_EQ(choice.best, 1U);
  EXPECT_EQ(choice.equals, (std::vector<std::size_t>{1, 2}));  // 2.9 is 3 % slower
  EXPECT_EQ(choice.chosen, 2U);
}

TEST(TuningChoice, takes_the_larger_chunks_of_those_with_the_same_memory) {
  const TuningChoice choice = choose({figure(1_MiB, 8, {1, 1, 1}), figure(64_KiB, 32, {3, 3, 3}),
                                      figure(1_MiB, 2, {3, 3, 3}), figure(256_KiB, 8, {3, 3, 3})});
  EXPECT_EQ(choice.chosen, 2U);
}

}  // namespace
}  // namespace mpiferry::cli
