#include "engine/plan/data_share.hpp"

#include <algorithm>

#include "engine/plan/chunk_plan.hpp"
#include "engine/plan/distribution.hpp"

namespace mpiferry::plan {

std::vector<Bytes> data_by_worker(const std::vector<Extent>& extents, Bytes chunk_size,
                                  std::uint32_t workers) {
  const auto distribution = Distribution::round_robin(workers);
  std::vector<Bytes> data(workers);
  for (const Extent& extent : extents) {
    const Bytes end = extent.offset + extent.length;
    for (Bytes at = extent.offset; at < end;) {
      const ChunkIndex chunk{at.value / chunk_size.value};
      const Bytes next = std::min(end, offset(ChunkIndex{chunk.value + 1}, chunk_size));
      data[static_cast<std::size_t>(distribution.worker_of(chunk).value) - 1] += next - at;
      at = next;
    }
  }
  return data;
}

Bytes sum_of(const std::vector<Extent>& extents) noexcept {
  Bytes sum;
  for (const Extent& extent : extents) sum += extent.length;
  return sum;
}

}  // namespace mpiferry::plan
