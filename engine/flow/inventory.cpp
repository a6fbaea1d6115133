#include "engine/flow/inventory.hpp"

#include <algorithm>

#include "engine/plan/chunk_plan.hpp"

namespace mpiferry::flow {

bool Inventory::on_report(Rank worker, const wire::Inventory& report) {
  const auto workers = static_cast<std::uint32_t>(looked_at_.size());
  std::uint64_t& looked_at = looked_at_[static_cast<std::size_t>(worker.value) - 1];
  if (report.looked_at < looked_at) return false;
  for (const auto& [chunk, digest] : report.held) {
    const std::uint64_t position = chunk.value / workers;
    if (plan::owner(chunk, workers) != worker || position < looked_at ||
        position >= report.looked_at) {
      return false;
    }
    if (chunk.value >= held_.size()) {
      held_.resize(chunk.value + 1);
      digests_.resize(chunk.value + 1);
    }
    held_[chunk.value] = true;
    digests_[chunk.value] = digest;
  }
  looked_at = report.looked_at;
  return true;
}

bool Inventory::knows(ChunkIndex chunk) const noexcept {
  const std::size_t workers = looked_at_.size();
  return chunk.value / workers < looked_at_[chunk.value % workers];
}

bool Inventory::holds(ChunkIndex chunk, std::uint64_t digest) const noexcept {
  return chunk.value < held_.size() && held_[chunk.value] && digests_[chunk.value] == digest;
}

}  // namespace mpiferry::flow
