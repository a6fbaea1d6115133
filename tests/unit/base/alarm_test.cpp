#include "engine/base/alarm.hpp"

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/base/without_threads.hpp"

namespace mpiferry {
namespace {

using namespace std::chrono_literals;

TEST(Alarm, goes_off_when_the_time_is_over) {
  std::atomic<int> calls = 0;
  {
    const auto alarm = Alarm::start(1ms, [&] { ++calls; });
    while (calls == 0) std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(calls, 1);
}

TEST(Alarm, is_silent_when_it_is_destroyed_in_time) {
  std::atomic<int> calls = 0;
  {
    const auto alarm = Alarm::start(1h, [&] { ++calls; });
    ASSERT_NE(alarm, nullptr);
  }
  EXPECT_EQ(calls, 0);
}

TEST(Alarm, is_none_where_no_thread_can_be_had) {
  const auto started = test::without_threads(
      [] { return Alarm::start(1h, [] {}) == nullptr ? test::Ran::well : test::Ran::badly; });
  if (started == test::Ran::not_at_all) GTEST_SKIP() << test::kWhyThreads;
  EXPECT_EQ(started, test::Ran::well);
}

}  // namespace
}  // namespace mpiferry
