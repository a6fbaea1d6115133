// How many chunks a rank holds at a time.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/units.hpp"

namespace mpiferry::job {

struct ChunkLimits {
  Bytes chunk_size;
  // Chunks in flight to one rank. Nothing: 8; more if chunks are small (2 MiB of them, 16 MiB with
  // fsync, up to 64), fewer if they are large (16 MiB of them, 32 MiB with fsync, down to 2).
  std::optional<std::uint32_t> window = {};
  // The most bytes of chunks that one rank holds. Nothing: 256 MiB, or one chunk if that is more.
  std::optional<Bytes> memory = {};
  bool fsync = false;

  // The limit that is in force.
  Bytes memory_limit() const noexcept;
  // The window that is in force: fewer chunks than asked for if more would not fit into
  // memory_limit().
  std::uint32_t effective_window() const noexcept;
  // min(effective_window() * workers, memory_limit() / chunk_size): chunks in the master's memory.
  std::uint64_t buffers(std::uint32_t workers) const noexcept;

 private:
  std::uint64_t chunks_in_memory() const noexcept;
};

}  // namespace mpiferry::job
