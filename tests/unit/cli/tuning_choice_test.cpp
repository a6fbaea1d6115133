// Which case is advised.
#include "cli/tuning_choice.hpp"

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
  EXPECT_NEAR(choice.noise, (0.2 / 2.0 + 0.2 / 2.1) / 2, 1e-9);
  EXPECT_TRUE(choice.keeps_default);
  EXPECT_EQ(choice.best, 1U);
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
  EXPECT_DOUBLE_EQ(choice.noise, kLeastNoise);
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
