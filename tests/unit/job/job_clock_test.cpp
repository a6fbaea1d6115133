// The job clock leaves out the time in which the master itself stood still.
#include "engine/job/job_clock.hpp"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.hpp"

namespace mpiferry::job {
namespace {

using clock::test::ManualClock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kPeriod{100};
constexpr clock::Time kStart{};

TEST(JobClock, runs_with_the_real_time_while_it_is_ticked) {
  ManualClock real;
  JobClock clock{real, kPeriod};
  for (int i = 1; i <= 50; ++i) {
    real.time = kStart + i * kPeriod;
    clock.tick();
    real.time = kStart + i * kPeriod;
    EXPECT_EQ(clock.now(), kStart + i * kPeriod);
  }
}

TEST(JobClock, late_ticks_are_no_standstill) {
  ManualClock real;
  JobClock clock{real, kPeriod};
  real.time = kStart + 5 * kPeriod;
  clock.tick();
  real.time = kStart + 6 * kPeriod;
  EXPECT_EQ(clock.now(), kStart + 6 * kPeriod);
}

TEST(JobClock, a_standstill_does_not_count_once_it_is_over) {
  ManualClock real;
  JobClock clock{real, kPeriod};
  real.time = kStart + seconds{20};
  clock.tick();
  real.time = kStart + seconds{20};
  EXPECT_EQ(clock.now(), kStart + 5 * kPeriod);
  real.time = kStart + seconds{20} + kPeriod;
  clock.tick();
  real.time = kStart + seconds{20} + kPeriod;
  EXPECT_EQ(clock.now(), kStart + 6 * kPeriod);
}

TEST(JobClock, a_standstill_does_not_count_before_the_next_tick_either) {
  ManualClock real;
  JobClock clock{real, kPeriod};
  real.time = kStart + seconds{20};
  EXPECT_EQ(clock.now(), kStart + 5 * kPeriod);
}

TEST(JobClock, never_goes_back) {
  ManualClock real;
  JobClock clock{real, kPeriod};
  clock::Time last = kStart;
  for (int i = 0; i < 200; ++i) {
    real.time += milliseconds{(i * 37) % 1500};
    EXPECT_GE(clock.now(), last);
    last = clock.now();
    if (i % 3 == 0) clock.tick();
    EXPECT_GE(clock.now(), last);
    last = clock.now();
  }
}

}  // namespace
}  // namespace mpiferry::job
