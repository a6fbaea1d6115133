// Who speaks first, where several ranks have the same to say.
#pragma once

#include <algorithm>
#include <chrono>

#include "engine/base/units.hpp"

namespace mpiferry {

// How much longer than ranks 0 and 1 `self` waits before it speaks, or ends the others: half a
// second for each rank below it, so that the lowest that is there does so alone; at most 4 s.
constexpr std::chrono::milliseconds turn_of(Rank self) noexcept {
  constexpr std::chrono::milliseconds kTurn{500};
  constexpr int kTurns = 8;
  return kTurn * std::clamp(self.value - 1, 0, kTurns);
}

}  // namespace mpiferry
