// A clock that goes on when a test says so.
#pragma once

#include "engine/clock/clock.hpp"

namespace mpiferry::clock::test {

// Its timers never end by themselves.
class ManualClock final : public Clock {
 public:
  Time now() const noexcept override { return time; }
  Time coarse_now() const noexcept override { return time; }

  Time time{};

 private:
  void arm(boost::asio::steady_timer& timer, Duration /*after*/) override {
    timer.expires_at(boost::asio::steady_timer::time_point::max());
  }
  void disarm(boost::asio::steady_timer& /*timer*/) noexcept override {}
};

}  // namespace mpiferry::clock::test
