// What is measured, and in which order.
#include "cli/tune/tuning_plan.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace mpiferry::cli {
namespace {

using namespace std::chrono_literals;

constexpr Tuning kDefault{1_MiB, 8};

std::vector<std::size_t> play(TuningSchedule schedule, std::chrono::milliseconds each) {
  std::vector<std::size_t> order;
  for (auto elapsed = 0ms;; elapsed += each) {
    const auto next = schedule.next(elapsed);
    if (!next) return order;
    order.push_back(*next);
  }
}

TEST(DefaultTuning, is_what_a_job_does) {
  EXPECT_EQ(default_tuning(false), kDefault);
  EXPECT_EQ(default_tuning(true), (Tuning{1_MiB, 16}));
}

TEST(TuningGrid, begins_with_the_default) {
  const TuningGrid grid = tuning_grid(kDefault, {64_KiB, 4_MiB}, {2, 32}, 256_MiB, 2);
  ASSERT_EQ(grid.cases.size(), 5U);
  EXPECT_EQ(grid.cases[0], kDefault);
}

TEST(TuningGrid, has_each_case_once) {
  const TuningGrid grid = tuning_grid(kDefault, {1_MiB, 1_MiB, 2_MiB}, {8, 8}, 256_MiB, 2);
  EXPECT_EQ(grid.cases, (std::vector<Tuning>{{1_MiB, 8}, {2_MiB, 8}}));
}

TEST(TuningGrid, goes_from_the_default_outwards) {
  const TuningGrid grid = tuning_grid(kDefault, {64_KiB, 512_KiB, 4_MiB}, {8}, 256_MiB, 2);
  EXPECT_EQ(grid.cases, (std::vector<Tuning>{{1_MiB, 8}, {512_KiB, 8}, {4_MiB, 8}, {64_KiB, 8}}));
}

TEST(TuningGrid, has_the_window_that_a_job_would_have) {
  const TuningGrid grid = tuning_grid(kDefault, {64_MiB}, {4, 32, 1000}, 1_GiB, 1);
  EXPECT_EQ(grid.cases, (std::vector<Tuning>{{1_MiB, 8}, {64_MiB, 4}}));  // 256 MiB
}

TEST(TuningGrid, leaves_out_what_has_no_two_chunks_for_each_worker) {
  const TuningGrid grid = tuning_grid(kDefault, {1_MiB, 4_MiB}, {8}, 16_MiB, 3);
  EXPECT_EQ(grid.cases, (std::vector<Tuning>{{1_MiB, 8}}));
  EXPECT_EQ(grid.too_few, (std::vector<Tuning>{{4_MiB, 8}}));
}

TEST(TuningSchedule, turns_the_order_round_at_each_repetition) {
  EXPECT_EQ(play({3, {.repetitions = 3}}, 1s),
            (std::vector<std::size_t>{0, 1, 2, 2, 1, 0, 0, 1, 2}));
}

TEST(TuningSchedule, without_a_budget_leaves_nothing_out) {
  EXPECT_EQ(play({12, {.repetitions = 10}}, 1h).size(), 120U);
}

TEST(TuningSchedule, leaves_out_cases_for_good_after_half_of_the_budget) {
  TuningSchedule schedule{10, {.repetitions = 3, .budget = 8s}};
  // 5 s have gone when the sixth would begin.
  EXPECT_EQ(play(schedule, 1s), (std::vector<std::size_t>{0, 1, 2, 3, 4, 4, 3, 2, 1, 0}));
}

TEST(TuningSchedule, measures_every_case_that_it_begins_twice_whatever_the_budget) {
  for (auto budget = 1s; budget < 40s; budget += 1s) {
    const auto order = play({10, {.repetitions = 3, .budget = budget}}, 1s);
    const std::set<std::size_t> cases{order.begin(), order.end()};
    if (cases.size() == 1) continue;
    for (const std::size_t it : cases)
      EXPECT_GE(std::ranges::count(order, it), 2) << budget.count();
  }
}

TEST(TuningSchedule, of_which_only_the_default_had_time_ends_at_once) {
  EXPECT_EQ(play({10, {.repetitions = 3, .budget = 1s}}, 1s), (std::vector<std::size_t>{0}));
}

TEST(TuningSchedule, ends_further_repetitions_within_the_budget) {
  EXPECT_EQ(play({3, {.repetitions = 9, .budget = 8s}}, 1s).size(), 8U);
  EXPECT_EQ(play({3, {.repetitions = 9, .budget = 8500ms}}, 1s).size(), 8U);
}

}  // namespace
}  // namespace mpiferry::cli
