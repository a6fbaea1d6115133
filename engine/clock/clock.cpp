#include "engine/clock/clock.hpp"

#include <time.h>

namespace mpiferry::clock {

Time SteadyClock::coarse_now() const noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);  // the clock of steady_clock
  return Time{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
}

}  // namespace mpiferry::clock
