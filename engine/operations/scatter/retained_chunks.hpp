// Chunks of a stream that were sent and are not acknowledged yet: a stream cannot be read again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <utility>
#include <vector>

#include "engine/base/buffer_pool.hpp"
#include "engine/base/units.hpp"

namespace mpiferry::operations {

struct RetainedChunk {
  ChunkIndex chunk;
  Bytes length;
  Lease lease;
};

// Not thread-safe. Allocates only beyond what was reserved.
class RetainedChunks {
 public:
  void reserve(std::size_t chunks) { chunks_.reserve(chunks); }
  void add(RetainedChunk chunk) { chunks_.push_back(std::move(chunk)); }
  // Throws std::logic_error if it is not here.
  RetainedChunk take(ChunkIndex chunk) {
    const auto found = std::ranges::find(chunks_, chunk, &RetainedChunk::chunk);
    if (found == chunks_.end()) throw std::logic_error{"a chunk to be sent again was not kept"};
    RetainedChunk taken = std::move(*found);
    chunks_.erase(found);
    return taken;
  }
  void drop(ChunkIndex chunk) {
    std::erase_if(chunks_, [chunk](const RetainedChunk& it) { return it.chunk == chunk; });
  }

 private:
  std::vector<RetainedChunk> chunks_;
};

}  // namespace mpiferry::operations
