// How much of the disk a file has.
#pragma once

#include <cstdint>
#include <sys/stat.h>

#include "engine/base/units.hpp"

namespace mpiferry::disk {

inline Bytes allocated_bytes(const struct stat& status) noexcept {
  constexpr std::uint64_t kBlock = 512;  // of st_blocks, whatever the file system's are
  return Bytes{static_cast<std::uint64_t>(status.st_blocks) * kBlock};
}

}  // namespace mpiferry::disk
