// How many bytes of a source with holes each worker gets.
#pragma once

#include <vector>

#include "engine/base/extent.hpp"
#include "engine/base/units.hpp"

namespace mpiferry::plan {

// Of each worker, worker r at position r - 1: the bytes of its chunks that lie in `extents`, which
// are in order and do not overlap. Preconditions: chunk_size > 0, workers > 0.
std::vector<Bytes> data_by_worker(const std::vector<Extent>& extents, Bytes chunk_size,
                                  std::uint32_t workers);

// Of all.
Bytes sum_of(const std::vector<Extent>& extents) noexcept;

}  // namespace mpiferry::plan
