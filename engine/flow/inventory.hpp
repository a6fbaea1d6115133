// What the workers hold already: the master's book of a job that goes on where another one ended.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/units.hpp"
#include "engine/wire/inventory.hpp"

namespace mpiferry::flow {

// Not thread-safe.
class Inventory {
 public:
  explicit Inventory(std::uint32_t workers) : looked_at_(workers) {}

  // False if it can not be: chunks of another worker, or a worker that goes back.
  bool on_report(Rank worker, const wire::Inventory& report);

  // Its worker has looked for this chunk.
  bool knows(ChunkIndex chunk) const noexcept;
  // ... and has found these bytes.
  bool holds(ChunkIndex chunk, std::uint64_t digest) const noexcept;

 private:
  std::vector<std::uint64_t> looked_at_;  // worker r at r - 1
  std::vector<bool> held_;                // by chunk
  std::vector<std::uint64_t> digests_;
};

}  // namespace mpiferry::flow
