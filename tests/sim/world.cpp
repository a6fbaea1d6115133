#include "tests/sim/world.hpp"

#include <algorithm>
#include <utility>

namespace mpiferry::sim {

void World::after(Duration delay, Rank rank, Action action, On on) {
  if (delay >= kForEver) return;  // never
  std::size_t slot = slots_.size();
  if (free_.empty()) {
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  slots_[slot] = {.action = std::move(action), .rank = rank, .on = on};
  push(now_ + delay, slot);
}

void World::push(Time time, std::size_t slot) {
  due_.push_back({.time = time, .order = order_++, .slot = slot});
  std::ranges::push_heap(due_, Later{});
}

bool World::step() {
  while (!due_.empty()) {
    std::ranges::pop_heap(due_, Later{});
    const Due due = due_.back();
    due_.pop_back();
    now_ = due.time;
    const Rank rank = slots_[due.slot].rank;
    const bool gone = rank != kNoRank && !state(rank).alive;
    if (rank != kNoRank && !gone && slots_[due.slot].on == On::loop &&
        state(rank).stopped_until > now_) {
      if (!stuck(rank)) {
        push(state(rank).stopped_until, due.slot);
        continue;
      }
    } else if (!gone) {
      const Action action = std::move(slots_[due.slot].action);
      free_.push_back(due.slot);
      ++events_;
      action();
      return true;
    }
    slots_[due.slot].action = nullptr;  // never
    free_.push_back(due.slot);
  }
  return false;
}

void World::stop(Rank rank, Duration length) {
  Time& until = state(rank).stopped_until;
  until = std::max(until, now_ + length);
  state(rank).busy += length;
}

}  // namespace mpiferry::sim
