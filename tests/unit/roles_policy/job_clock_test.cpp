// The clock that blames nobody for the time in which the master itself stood still.
#include "engine/roles/job_clock.hpp"

#include <gtest/gtest.h>

namespace mpiferry::roles {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kPeriod{100};
constexpr JobClock::Time kStart{};

TEST(JobClock, runs_with_the_real_time_while_it_is_ticked) {
  JobClock clock{kPeriod, kStart};
  for (int i = 1; i <= 50; ++i) {
    clock.tick(kStart + i * kPeriod);
    EXPECT_EQ(clock.now(kStart + i * kPeriod), kStart + i * kPeriod);
  }
}

TEST(JobClock, late_ticks_are_no_standstill) {
  JobClock clock{kPeriod, kStart};
  clock.tick(kStart + 5 * kPeriod);
  EXPECT_EQ(clock.now(kStart + 6 * kPeriod), kStart + 6 * kPeriod);
}

TEST(JobClock, a_standstill_does_not_count_once_it_is_over) {
  JobClock clock{kPeriod, kStart};
  clock.tick(kStart + seconds{20});
  EXPECT_EQ(clock.now(kStart + seconds{20}), kStart + 5 * kPeriod);
  clock.tick(kStart + seconds{20} + kPeriod);
  EXPECT_EQ(clock.now(kStart + seconds{20} + kPeriod), kStart + 6 * kPeriod);
}

TEST(JobClock, a_standstill_does_not_count_before_the_next_tick_either) {
  const JobClock clock{kPeriod, kStart};
  EXPECT_EQ(clock.now(kStart + seconds{20}), kStart + 5 * kPeriod);
}

TEST(JobClock, never_goes_back) {
  JobClock clock{kPeriod, kStart};
  JobClock::Time last = kStart;
  JobClock::Time real = kStart;
  for (int i = 0; i < 200; ++i) {
    real += milliseconds{(i * 37) % 1500};
    EXPECT_GE(clock.now(real), last);
    last = clock.now(real);
    if (i % 3 == 0) clock.tick(real);
    EXPECT_GE(clock.now(real), last);
    last = clock.now(real);
  }
}

}  // namespace
}  // namespace mpiferry::roles
