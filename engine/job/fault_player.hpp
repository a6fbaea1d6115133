// Faults on request (--fault): what a worker does to the chunks that pass through its hands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/wire/job.hpp"

namespace mpiferry::job {

// invalid_argument if no worker of so many can play them.
Outcome check_faults(const wire::Faults& faults, std::uint32_t workers);

// Not thread-safe.
class FaultPlayer {
 public:
  FaultPlayer(const wire::Faults& faults, Rank self) : faults_(faults), self_(self) {}

  // A chunk passes: damages it, if its turn has come; does not come back on the rank that is to
  // stall.
  void play(ChunkIndex chunk, std::span<std::byte> payload);

 private:
  const wire::Faults faults_;
  const Rank self_;
  std::uint64_t passed_ = 0;
  std::uint64_t flipped_ = 0;
};

}  // namespace mpiferry::job
