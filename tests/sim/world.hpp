// Simulated time: a clock, and what is going to happen, in order.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/base/units.hpp"
#include "engine/clock/clock.hpp"
#include "engine/protocol/clock.hpp"

namespace mpiferry::sim {

using protocol::Duration;
using protocol::Time;

inline constexpr Duration kForEver = std::chrono::hours{100'000};

// On whose time something happens: on that of a rank's one thread, which may be blocked or stopped;
// or elsewhere (network, disk, a thread of its own), which only the rank's death ends.
enum class On : std::uint8_t { loop, elsewhere };

// Events of one time happen in the order in which they were asked for. Not thread-safe.
class World;

// The time of a World.
class WorldClock final : public clock::Clock {
 public:
  explicit WorldClock(const World& world) : world_(world) {}
  clock::Time now() const noexcept override;
  clock::Time coarse_now() const noexcept override { return now(); }

 private:
  void arm(boost::asio::steady_timer& /*timer*/, clock::Duration /*after*/) override {}
  void disarm(boost::asio::steady_timer& /*timer*/) noexcept override {}

  const World& world_;
};

class World {
 public:
  using Action = std::function<void()>;

  // Ranks 0 .. ranks - 1; kNoRank stands for the world itself, which neither stops nor dies.
  explicit World(std::size_t ranks) : ranks_(ranks) {}

  Time now() const noexcept { return now_; }
  std::uint64_t events() const noexcept { return events_; }

  void after(Duration delay, Rank rank, Action action, On on = On::loop);
  // Lets the next event happen; false if there is none.
  bool step();

  // The rank's thread does nothing else for so long from now on; what was due waits.
  void stop(Rank rank, Duration length);
  // The rank is no more. What was due on it never happens.
  void kill(Rank rank) { state(rank).alive = false; }

  // MPI_Abort: it ends all ranks. The first one counts.
  void abort(Rank rank) {
    if (aborted_by_ == kNoRank) aborted_by_ = rank;
  }
  Rank aborted_by() const noexcept { return aborted_by_; }

  bool alive(Rank rank) const { return state(rank).alive; }
  // For how long it was stopped, all in all.
  Duration busy(Rank rank) const { return state(rank).busy; }
  // Stopped for so long that no end is in sight.
  bool stuck(Rank rank) const { return state(rank).stopped_until > now_ + kForEver / 2; }

 private:
  struct RankState {
    bool alive = true;
    Time stopped_until;
    Duration busy{};
  };
  struct Event {
    Action action;
    Rank rank;
    On on = On::loop;
  };
  struct Due {  // small, as the heap moves it around
    Time time;
    std::uint64_t order = 0;
    std::size_t slot = 0;
  };
  struct Later {
    bool operator()(const Due& a, const Due& b) const {
      return a.time != b.time ? a.time > b.time : a.order > b.order;
    }
  };

  RankState& state(Rank rank) { return ranks_[static_cast<std::size_t>(rank.value)]; }
  const RankState& state(Rank rank) const { return ranks_[static_cast<std::size_t>(rank.value)]; }
  void push(Time time, std::size_t slot);

  Time now_;
  Rank aborted_by_ = kNoRank;
  std::uint64_t order_ = 0;
  std::uint64_t events_ = 0;
  std::vector<RankState> ranks_;
  std::vector<Due> due_;  // a heap, the next one first
  std::vector<Event> slots_;
  std::vector<std::size_t> free_;
};

inline clock::Time WorldClock::now() const noexcept { return world_.now(); }

}  // namespace mpiferry::sim
