// Which worker chunk i goes to: a promise of the protocol, so that manifests need not say it.
#pragma once

#include <cstdint>

#include "engine/base/units.hpp"

namespace mpiferry::wire {

// Chunk i goes to worker i % workers + 1, as chunk i / workers of that worker.
// Precondition, here and below: workers > 0.
constexpr Rank round_robin_worker(ChunkIndex chunk, std::uint64_t workers) noexcept {
  return {static_cast<int>(chunk.value % workers) + 1};
}
constexpr std::uint64_t round_robin_position(ChunkIndex chunk, std::uint64_t workers) noexcept {
  return chunk.value / workers;
}

}  // namespace mpiferry::wire
