// What a worker holds already, for a job that goes on where another one ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/wire/job.hpp"

namespace mpiferry::wire {

// Worker to master, in as many messages as it takes; they may overtake each other. Little-endian:
// 16 bytes, then 16 for each chunk that is held.
struct HeldChunksMessage {
  struct Held {
    ChunkIndex chunk;
    std::uint64_t digest = 0;  // XXH3-64 of what lies there now
    bool operator==(const Held&) const = default;
  };
  // Of the worker's own chunks, those at positions [first, looked_at) have been looked at;
  // kAllLookedAt: all from there on.
  std::uint64_t first = 0;
  std::uint64_t looked_at = 0;
  std::vector<Held> held;
  bool operator==(const HeldChunksMessage&) const = default;
};
inline constexpr std::uint64_t kAllLookedAt = std::numeric_limits<std::uint64_t>::max();
inline constexpr std::size_t kHeldChunksHead = 16;
inline constexpr std::size_t kHeldSize = 16;
// The most chunks in one message.
inline constexpr std::size_t kMaxHeld = (kControlPayload.value - kHeldChunksHead) / kHeldSize;

// Precondition: at most kMaxHeld.
std::size_t encode(const HeldChunksMessage& held_chunks, std::span<std::byte> out) noexcept;
// bad_field: a length that is none, an end before the first, chunks that are not ascending or of
// 2^28 and above.
Result<HeldChunksMessage> decode_held_chunks(std::span<const std::byte> payload);

}  // namespace mpiferry::wire
