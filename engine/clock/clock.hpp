// The seam between what a job decides and the time that passes.
#pragma once

#include <chrono>

#include <boost/asio/steady_timer.hpp>

namespace mpiferry::clock {

using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

// Not thread-safe, but for now().
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  virtual Time now() const noexcept = 0;
  // Of the last timer interrupt, some milliseconds ago at most: a fifth of the cost (9 ns, not 45),
  // for those who ask with every chunk.
  virtual Time coarse_now() const noexcept = 0;

 private:
  friend class Timer;
  // Has a wait on `timer` end when so much time has passed, with or without an error.
  virtual void arm(boost::asio::steady_timer& timer, Duration after) = 0;
  virtual void disarm(boost::asio::steady_timer& timer) noexcept = 0;
};

// steady_clock.
class SteadyClock final : public Clock {
 public:
  Time now() const noexcept override { return std::chrono::steady_clock::now(); }
  Time coarse_now() const noexcept override;

 private:
  void arm(boost::asio::steady_timer& timer, Duration after) override {
    timer.expires_after(after);
  }
  void disarm(boost::asio::steady_timer& /*timer*/) noexcept override {}
};

// A wait for time to pass. The clock and the io_context outlive it.
class Timer {
 public:
  Timer(Clock& clock, boost::asio::io_context& io) : clock_(clock), timer_(io) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { clock_.disarm(timer_); }

  // Waits for `after`, or until cancel(): void(error_code), of which the code says nothing.
  template <class Token>
  auto async_wait(Duration after, Token&& token) {
    clock_.arm(timer_, after);
    return timer_.async_wait(std::forward<Token>(token));
  }
  void cancel() {
    clock_.disarm(timer_);
    timer_.cancel();
  }

 private:
  Clock& clock_;
  boost::asio::steady_timer timer_;
};

}  // namespace mpiferry::clock
