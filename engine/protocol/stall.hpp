// A worker that has been silent for too long, and what it owes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/units.hpp"
#include "engine/protocol/clock.hpp"

namespace mpiferry::protocol {

struct Stall {
  Rank worker;
  std::uint32_t unacknowledged = 0;  // chunks or requests
  Duration silent{};
  bool operator==(const Stall&) const = default;
};

// The one that has been silent for the longest time.
inline std::optional<Stall> longest_of(const std::vector<Stall>& stalls) {
  const auto found = std::ranges::max_element(stalls, {}, &Stall::silent);
  return found == stalls.end() ? std::nullopt : std::optional{*found};
}

}  // namespace mpiferry::protocol
