#include "engine/plan/chunk_set.hpp"

#include <algorithm>
#include <limits>

namespace mpiferry::plan {

void ChunkSet::add(ChunkIndex chunk) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
  if (!runs_.empty()) {
    wire::ChunkRun& run = runs_.back();
    const std::uint64_t step = chunk.value - run.last();
    if (step <= kMax && (run.count == 1 || step == run.stride) && run.count < kMax) {
      run.stride = static_cast<std::uint32_t>(step);
      ++run.count;
      return;
    }
  }
  runs_.push_back({.first = chunk.value, .stride = 1, .count = 1});
}

bool ChunkSet::add(std::span<const wire::ChunkRun> runs, std::uint64_t chunks) {
  std::optional<std::uint64_t> last;
  if (!runs_.empty()) last = runs_.back().last();
  for (const wire::ChunkRun& run : runs) {
    if ((last && run.first <= *last) || run.last() >= chunks) return false;
    last = run.last();
  }
  runs_.insert(runs_.end(), runs.begin(), runs.end());
  return true;
}

bool ChunkSet::contains(ChunkIndex chunk) const noexcept {
  const auto after =
      std::ranges::upper_bound(runs_, chunk.value, {}, [](const auto& run) { return run.first; });
  if (after == runs_.begin()) return false;
  const wire::ChunkRun& run = *std::prev(after);
  return chunk.value <= run.last() && (chunk.value - run.first) % run.stride == 0;
}

std::uint64_t ChunkSet::size() const noexcept {
  std::uint64_t size = 0;
  for (const wire::ChunkRun& run : runs_) size += run.count;
  return size;
}

}  // namespace mpiferry::plan
