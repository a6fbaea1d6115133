// How many chunks rank 0 holds, and asks for, at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/base/units.hpp"
#include "engine/job/chunk_limits.hpp"
#include "engine/wire/job.hpp"

namespace mpiferry::operations {

struct RetrievalMemory {
  std::uint32_t window = 1;  // requests that one rank has open
  std::size_t buffers = 1;   // requests that all together have open
  std::size_t spare = 0;     // receives beyond those for chunks
  Bytes buffer = {};         // the size of each, when chunks are wanted

  // Only digests come back: only the memory of those who read sets a limit.
  static RetrievalMemory for_digests(const job::ChunkLimits& limits, std::uint32_t workers) {
    constexpr std::uint64_t kMaxReadReplies = 4096;
    const std::uint32_t window = limits.effective_window();
    const std::uint64_t ranks = std::max<std::uint64_t>(1, workers) + 1;
    return {.window = window, .buffers = std::min<std::uint64_t>(kMaxReadReplies, ranks * window)};
  }

  static RetrievalMemory for_chunks(const job::ChunkLimits& limits, std::uint32_t workers) {
    // A worker's last words come into the same receives.
    const Bytes buffer = std::max(limits.chunk_size, wire::kControlPayload);
    const std::uint64_t fit =
        std::max<std::uint64_t>(2, limits.memory_limit().value / buffer.value);
    const std::uint64_t spare =
        std::clamp<std::uint64_t>(std::min((4_MiB).value / buffer.value, fit / 4), 1, 16);
    const std::uint32_t window = limits.effective_window();
    return {.window = window,
            .buffers = std::min(fit - spare, window * std::max<std::uint64_t>(1, workers)),
            .spare = spare,
            .buffer = buffer};
  }
};

}  // namespace mpiferry::operations
