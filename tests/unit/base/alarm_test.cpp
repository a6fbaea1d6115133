#include "engine/base/alarm.hpp"

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

namespace mpiferry {
namespace {

using namespace std::chrono_literals;

TEST(Alarm, goes_off_when_the_time_is_over) {
  std::atomic<int> calls = 0;
  {
    const Alarm alarm{1ms, [&] { ++calls; }};
    while (calls == 0) std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(calls, 1);
}

TEST(Alarm, is_silent_when_it_is_destroyed_in_time) {
  std::atomic<int> calls = 0;
  {
    const Alarm alarm{1h, [&] { ++calls; }};
  }
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace mpiferry
