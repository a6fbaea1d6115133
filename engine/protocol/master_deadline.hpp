// How long a worker waits for a sign of life of its master: a policy without I/O.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "engine/protocol/clock.hpp"

namespace mpiferry::protocol {

// The stall timeout that counts when there is none (0), but the user has interrupted the job.
inline constexpr std::chrono::seconds kInterruptedStallTimeout{20};

// How often a master tells its workers that it is there: a fourth of the stall timeout.
inline Duration sign_of_life_interval(Duration stall_timeout) noexcept {
  return (stall_timeout == Duration::zero() ? kInterruptedStallTimeout : stall_timeout) / 4;
}

// How long a master may be silent before its workers give it up; nothing: for ever.
inline std::optional<Duration> longest_silence(Duration stall_timeout) noexcept {
  // Below it the scheduler of a busy host decides who is heard.
  constexpr Duration kMin = std::chrono::seconds{1};
  if (stall_timeout == Duration::zero()) return std::nullopt;
  return std::max(stall_timeout * 7 / 4, kMin);
}

// A master that is busy with a read of its source is silent for its length, and so is one whose
// host is stopped. So a worker waits longer than the master does for workers, and is gone within
// twice the stall timeout after the master was lost. Not thread-safe.
class MasterDeadline {
 public:
  MasterDeadline(Duration stall_timeout, Time now) noexcept
      : stall_timeout_(stall_timeout), heard_(now) {}

  // The job has another one than this rank's own options.
  void set_stall_timeout(Duration stall_timeout) noexcept { stall_timeout_ = stall_timeout; }
  // The user wants the job to end: nobody waits for ever any more.
  void on_interrupt() noexcept {
    if (stall_timeout_ == Duration::zero()) stall_timeout_ = kInterruptedStallTimeout;
  }
  // Any message of the master has come.
  void on_message(Time now) noexcept { heard_ = now; }

  Duration silent(Time now) const noexcept { return now - heard_; }
  bool passed(Time now) const noexcept {
    const auto longest = longest_silence(stall_timeout_);
    return longest && silent(now) > *longest;
  }

 private:
  Duration stall_timeout_;
  Time heard_;
};

}  // namespace mpiferry::protocol
