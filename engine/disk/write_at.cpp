#include "engine/disk/write_at.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <sys/types.h>

#include "engine/storage/storage.hpp"

namespace mpiferry::disk {

int write_at(storage::Storage& storage, int buffered, int direct, Bytes offset,
             std::span<const std::byte> bytes) noexcept {
  constexpr std::size_t kMaxWrite = std::numeric_limits<ssize_t>::max();
  // Only memory and file that reach a page's start together have aligned pages in common.
  bool try_direct =
      direct >= 0 &&
      (reinterpret_cast<std::uintptr_t>(bytes.data()) - offset.value) % kPageSize == 0;
  while (!bytes.empty()) {
    std::size_t piece = std::min(bytes.size(), kMaxWrite);
    bool pages = false;
    if (try_direct) {
      const std::size_t into = offset.value % kPageSize;
      pages = into == 0 && piece >= kPageSize;
      piece = pages ? piece - piece % kPageSize : std::min(piece, kPageSize - into);
    }
    const ssize_t put = storage.write_at(pages ? direct : buffered, bytes.first(piece),
                                         static_cast<off_t>(offset.value));
    if (put > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(put));
      offset += Bytes{static_cast<std::uint64_t>(put)};
    } else if (put == 0) {
      return ENOSPC;
    } else if (errno == EINVAL && pages) {
      // Larger blocks than pages, or none at all: some FUSE open such files and refuse every write.
      // What was written so far stands.
      try_direct = false;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace mpiferry::disk
