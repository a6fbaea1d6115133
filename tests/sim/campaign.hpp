// Many runs, and what they add up to.
#pragma once

#include <cstdint>

namespace mpiferry::sim {

struct Campaign {
  std::uint64_t from = 1;
  std::uint64_t seeds = 0;
  bool every_fault = false;         // a kind of fault that never happened is a failure
  std::uint64_t most_breaches = 1;  // then it stops
};

// Both print to standard output and return an exit status: 1 if an invariant was broken.
int play_many(const Campaign& campaign);
int play_one(std::uint64_t seed, bool trace);

}  // namespace mpiferry::sim
