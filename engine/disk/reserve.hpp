// Getting the room of a file before its bytes.
#pragma once

#include "engine/base/units.hpp"
#include "engine/storage/storage.hpp"

namespace mpiferry::disk {

// The call that failed, with its errno; "" if none did.
struct ReserveError {
  const char* call = "";
  int system_errno = 0;
  explicit operator bool() const noexcept { return system_errno != 0; }
};

// Reserves the space of `size` bytes (fallocate); where the file system cannot, only makes the file
// so long, unless its size shall stay. Never shrinks it. After a failure the file has the size that
// it had, and nothing is reserved behind it; blocks that have filled holes within it stay, and read
// as zeros.
ReserveError reserve(storage::Storage& storage, int file, Bytes size, bool keep_size) noexcept;

}  // namespace mpiferry::disk
