// Writing into one file through the page cache and past it.
#pragma once

#include <cstddef>
#include <span>

#include "engine/base/units.hpp"
#include "engine/storage/storage.hpp"

namespace mpiferry::disk {

// Writes all of `bytes` from `offset` on. `direct`: the same file, opened with O_DIRECT, or -1.
// Whole pages that are aligned, in memory and in the file, go through it, as far as the file system
// takes them; the rest goes through `buffered`. 0 or an errno. Handles short writes and EINTR; a
// write of 0 bytes is an ENOSPC. Thread-safe.
int write_at(storage::Storage& storage, int buffered, int direct, Bytes offset,
             std::span<const std::byte> bytes) noexcept;

}  // namespace mpiferry::disk
