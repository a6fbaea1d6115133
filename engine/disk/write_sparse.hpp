// Writing into one file, but for its zeros.
#pragma once

#include <cstddef>
#include <span>

#include "engine/base/units.hpp"
#include "engine/storage/storage.hpp"

namespace mpiferry::disk {

// As write_at, but pages of zeros become a hole, or stay one. `over`: other bytes may lie there
// already. For files whose size is set in the end.
int write_sparse(storage::Storage& storage, int buffered, int direct, Bytes offset,
                 std::span<const std::byte> bytes, bool over) noexcept;

}  // namespace mpiferry::disk
