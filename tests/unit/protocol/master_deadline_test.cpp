// How long a worker waits for a sign of life of its master.
#include "engine/protocol/master_deadline.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace mpiferry::protocol {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{};

TEST(MasterDeadline, passes_between_one_and_two_stall_timeouts_of_silence) {
  for (const Duration stall_timeout : {Duration{1s}, Duration{3s}, Duration{60s}}) {
    const MasterDeadline deadline{stall_timeout, kStart};
    EXPECT_FALSE(deadline.passed(kStart + stall_timeout));
    EXPECT_TRUE(deadline.passed(kStart + 2 * stall_timeout));
    EXPECT_EQ(deadline.silent(kStart + stall_timeout), stall_timeout);
  }
}

TEST(MasterDeadline, begins_anew_with_each_message) {
  MasterDeadline deadline{10s, kStart};
  deadline.on_message(kStart + 15s);
  EXPECT_FALSE(deadline.passed(kStart + 30s));
  EXPECT_TRUE(deadline.passed(kStart + 35s));
}

TEST(MasterDeadline, never_passes_without_a_stall_timeout) {
  EXPECT_FALSE((MasterDeadline{0s, kStart}.passed(kStart + 1000h)));
}

TEST(MasterDeadline, passes_without_a_stall_timeout_when_the_user_has_interrupted_the_job) {
  MasterDeadline deadline{0s, kStart};
  deadline.on_interrupt();
  EXPECT_FALSE(deadline.passed(kStart + 3 * sign_of_life_interval(0s)));
  EXPECT_TRUE(deadline.passed(kStart + 40s));
}

TEST(MasterDeadline, follows_the_job_where_it_says_another_stall_timeout) {
  MasterDeadline deadline{0s, kStart};
  deadline.set_stall_timeout(1s);
  EXPECT_TRUE(deadline.passed(kStart + 2s));
}

TEST(MasterDeadline, leaves_the_scheduler_a_second) {
  const MasterDeadline deadline{100ms, kStart};
  EXPECT_FALSE(deadline.passed(kStart + 1s));
  EXPECT_TRUE(deadline.passed(kStart + 1s + 1ms));
}

TEST(MasterDeadline, receives_several_signs_of_life_before_it_passes) {
  for (const Duration stall_timeout : {Duration{100ms}, Duration{1s}, Duration{60s}}) {
    const MasterDeadline deadline{stall_timeout, kStart};
    EXPECT_FALSE(deadline.passed(kStart + 4 * sign_of_life_interval(stall_timeout)));
  }
}

}  // namespace
}  // namespace mpiferry::protocol
