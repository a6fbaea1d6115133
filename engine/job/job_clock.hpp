// The time that workers can be blamed for.
#pragma once

#include "engine/clock/clock.hpp"

namespace mpiferry::job {

// A clock that stands still while this process does: a master that was stopped (Ctrl-Z), or hung in
// a read of its source, must not blame its workers for answers that it did not collect.
class JobClock {
 public:
  // To be ticked every `period`; what exceeds a generous multiple of it was lost. `clock` outlives
  // it.
  JobClock(const clock::Clock& clock, clock::Duration period)
      : clock_(clock), period_(period), last_(clock.coarse_now()) {}

  // Never goes back.
  clock::Time now() const noexcept {
    const clock::Time time = clock_.coarse_now();
    return time - lost_ - lost_since_tick(time);
  }
  void tick() noexcept {
    const clock::Time time = clock_.coarse_now();
    lost_ += lost_since_tick(time);
    last_ = time;
  }

 private:
  clock::Duration lost_since_tick(clock::Time time) const noexcept {
    const clock::Duration gap = time - last_;
    return gap > 5 * period_ ? gap - 5 * period_ : clock::Duration::zero();
  }

  const clock::Clock& clock_;
  clock::Duration period_;
  clock::Time last_;
  clock::Duration lost_{};
};

}  // namespace mpiferry::job
