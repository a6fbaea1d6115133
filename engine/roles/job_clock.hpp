// The time that workers can be blamed for.
#pragma once

#include <chrono>

namespace mpiferry::roles {

// A steady clock that stands still while this process does: a master that was stopped (Ctrl-Z), or
// hung in a read of its source, must not blame its workers for answers that it did not collect.
class JobClock {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Time now() const { return std::chrono::steady_clock::now() - lost_; }

  // To be called every `period`; what exceeds a generous multiple of it was lost.
  void tick(std::chrono::milliseconds period) {
    const Time time = std::chrono::steady_clock::now();
    const auto gap = time - last_;
    if (gap > 5 * period) lost_ += gap - period;
    last_ = time;
  }

 private:
  Time last_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration lost_{};
};

}  // namespace mpiferry::roles
