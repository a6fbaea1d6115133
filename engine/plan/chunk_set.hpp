// Which chunks somebody has, in little memory: round robin leaves them in rows of equal steps.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/units.hpp"
#include "engine/wire/retrieval.hpp"

namespace mpiferry::plan {

// Not thread-safe.
class ChunkSet {
 public:
  // Precondition: above all that were added before.
  void add(ChunkIndex chunk);
  // Adds the runs of a set that was sent in parts. False, and nothing is added, if one does not
  // begin above all that came before it, or ends at `chunks` or above.
  bool add(std::span<const wire::ChunkRun> runs, std::uint64_t chunks);

  bool contains(ChunkIndex chunk) const noexcept;
  std::uint64_t size() const noexcept;
  std::span<const wire::ChunkRun> runs() const noexcept { return runs_; }

 private:
  std::vector<wire::ChunkRun> runs_;  // ascending, none reaches into another
};

}  // namespace mpiferry::plan
