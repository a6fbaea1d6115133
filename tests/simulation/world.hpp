// Virtual time, and what happens in it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <utility>

#include "engine/clock/clock.hpp"

namespace mpiferry::simulation {

using clock::Duration;
using clock::Time;

// Everything of a run that is not decided by the code that is played comes from here, so that one
// seed gives one run.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {}

  Time now() const noexcept { return now_; }
  // What is due at the same time happens in the order in which it was scheduled.
  void at(Time time, std::function<void()> event) {
    events_.emplace(std::pair{std::max(time, now_), scheduled_++}, std::move(event));
  }
  void after(Duration duration, std::function<void()> event) {
    at(now_ + duration, std::move(event));
  }
  // Lets the next event happen. False if there is none.
  bool step() {
    if (events_.empty()) return false;
    auto event = events_.extract(events_.begin());
    now_ = event.key().first;
    event.mapped()();
    return true;
  }

  // What has not happened will not.
  void forget() { events_.clear(); }

  // Returns a number from 0 to `most`.
  std::uint64_t number(std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>{0, most}(random_);
  }
  bool chance(double probability) { return std::bernoulli_distribution{probability}(random_); }
  Duration duration(Duration least, Duration most) {
    return least + Duration{static_cast<Duration::rep>(
                       number(static_cast<std::uint64_t>((most - least).count())))};
  }

 private:
  Time now_{};
  std::uint64_t scheduled_ = 0;
  std::map<std::pair<Time, std::uint64_t>, std::function<void()>> events_;
  std::mt19937_64 random_;
};

// Is the clock of a rank.
class VirtualClock final : public clock::Clock {
 public:
  // `wake` is called when a timer has come. What `spent` says has passed in this turn already.
  VirtualClock(World& world, std::function<void()> wake, const Duration& spent)
      : world_(world), wake_(std::move(wake)), spent_(spent) {}
  Time now() const noexcept override { return world_.now() + spent_; }
  Time coarse_now() const noexcept override { return now(); }

 private:
  void arm(boost::asio::steady_timer& timer, Duration after) override {
    timer.expires_at(boost::asio::steady_timer::time_point::max());
    const std::uint64_t number = ++armed_[&timer];
    world_.after(spent_ + after, [this, &timer, number] {
      const auto found = armed_.find(&timer);
      if (found == armed_.end() || found->second != number) return;
      timer.cancel();
      wake_();
    });
  }
  void disarm(boost::asio::steady_timer& timer) noexcept override { armed_.erase(&timer); }

  World& world_;
  const std::function<void()> wake_;
  const Duration& spent_;
  std::map<boost::asio::steady_timer*, std::uint64_t> armed_;
};

}  // namespace mpiferry::simulation
