// How long a job took, and its transfer.
#pragma once

#include <chrono>
#include <optional>

#include "engine/clock/clock.hpp"

namespace mpiferry::job {

class Stopwatch {
 public:
  explicit Stopwatch(const clock::Clock& clock) : clock_(clock), began_(clock.now()) {}

  void begin_transfer() { transfer_began_ = clock_.now(); }
  void end_transfer() {
    if (transfer_began_) transfer_ended_ = clock_.now();
  }

  std::chrono::nanoseconds elapsed() const { return clock_.now() - began_; }
  // So far, until it has ended; 0 before it has begun.
  std::chrono::nanoseconds transfer() const {
    if (!transfer_began_) return {};
    return transfer_ended_.value_or(clock_.now()) - *transfer_began_;
  }

 private:
  const clock::Clock& clock_;
  clock::Time began_;
  std::optional<clock::Time> transfer_began_;
  std::optional<clock::Time> transfer_ended_;
};

}  // namespace mpiferry::job
