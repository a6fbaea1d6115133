// Where a file has data, and where holes.
#pragma once

#include <optional>
#include <vector>

#include "engine/base/extent.hpp"
#include "engine/base/units.hpp"
#include "engine/storage/storage.hpp"

namespace mpiferry::disk {

// The parts of an open regular file from `begin` to `end` that are no holes, in order, as offsets
// from `begin`. Nothing if its file system cannot tell. What is reserved and not written yet may
// count as a hole. Moves the file's position.
std::optional<std::vector<Extent>> data_extents(storage::Storage& storage, int file, Bytes begin,
                                                Bytes end);

}  // namespace mpiferry::disk
