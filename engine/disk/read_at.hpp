// Reading a file at an offset, as much as there is.
#pragma once

#include <cstddef>
#include <span>

#include "engine/base/units.hpp"
#include "engine/storage/storage.hpp"

namespace mpiferry::disk {

struct ReadAt {
  std::size_t bytes = 0;  // fewer than were asked for: the file ends there, or `system_errno`
  int system_errno = 0;   // of pread(2)
};

// pread until `out` is full or the file ends. Handles EINTR and short reads. Thread-safe.
ReadAt read_at(storage::Storage& storage, int file, Bytes offset,
               std::span<std::byte> out) noexcept;

}  // namespace mpiferry::disk
