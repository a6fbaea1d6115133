// The one source of chance: everything random in a run comes from its seed, through here.
#pragma once

#include <cstdint>

#include "engine/protocol/clock.hpp"

namespace mpiferry::sim {

// splitmix64. The distributions of the standard library differ between its implementations; these
// do not. Not thread-safe.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  // 0 .. n - 1; 0 if n is 0.
  std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : next() % n; }
  // low .. high, both included.
  std::uint64_t from(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  // 0 up to, but not including, `most`.
  protocol::Duration up_to(protocol::Duration most) {
    return protocol::Duration{
        static_cast<protocol::Duration::rep>(below(static_cast<std::uint64_t>(most.count())))};
  }
  // A source of its own, so that who asks more often does not change what others get.
  Random fork() { return Random{next()}; }

 private:
  std::uint64_t state_;
};

}  // namespace mpiferry::sim
