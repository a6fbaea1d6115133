// The time that workers can be blamed for.
#pragma once

#include <chrono>
#include <time.h>

namespace mpiferry::roles {

// A steady clock that stands still while this process does: a master that was stopped (Ctrl-Z), or
// hung in a read of its source, must not blame its workers for answers that it did not collect.
class JobClock {
 public:
  using Time = std::chrono::steady_clock::time_point;

  using Duration = std::chrono::steady_clock::duration;

  // To be ticked every `period`; what exceeds a generous multiple of it was lost.
  explicit JobClock(Duration period, Time time = real()) : period_(period), last_(time) {}

  // `time` is the real time, an argument for tests. Never goes back.
  Time now(Time time = real()) const { return time - lost_ - lost_since_tick(time); }
  void tick(Time time = real()) {
    lost_ += lost_since_tick(time);
    last_ = time;
  }

 private:
  // Of the last timer interrupt, some milliseconds ago at most: it is asked for every chunk, and
  // costs a fifth (9 ns, not 45).
  static Time real() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);  // the clock of steady_clock
    return Time{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
  }
  Duration lost_since_tick(Time time) const {
    const Duration gap = time - last_;
    return gap > 5 * period_ ? gap - 5 * period_ : Duration::zero();
  }

  Duration period_;
  Time last_;
  Duration lost_{};
};

}  // namespace mpiferry::roles
