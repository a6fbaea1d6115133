#include "engine/disk/read_at.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <sys/types.h>

#include "engine/storage/storage.hpp"

namespace mpiferry::disk {

ReadAt read_at(storage::Storage& storage, int file, Bytes offset,
               std::span<std::byte> out) noexcept {
  constexpr std::size_t kMaxRead = std::numeric_limits<ssize_t>::max();
  ReadAt read;
  while (read.bytes < out.size()) {
    const auto rest = out.subspan(read.bytes);
    const ssize_t got = storage.read_at(file, rest.first(std::min(rest.size(), kMaxRead)),
                                        static_cast<off_t>(offset.value + read.bytes));
    if (got > 0) {
      read.bytes += static_cast<std::size_t>(got);
    } else if (got == 0) {
      break;
    } else if (errno != EINTR) {
      read.system_errno = errno;
      break;
    }
  }
  return read;
}

}  // namespace mpiferry::disk
