#include "engine/disk/write_sparse.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>

#include "engine/disk/persist.hpp"
#include "engine/disk/write_at.hpp"

namespace mpiferry::disk {
namespace {

bool is_zero(std::span<const std::byte> bytes) noexcept {
  // The first byte is 0, and every one is like the one before it.
  return bytes.empty() || (bytes.front() == std::byte{0} &&
                           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

std::size_t to_page_end(Bytes offset) noexcept { return kPageSize - offset.value % kPageSize; }

// How many bytes at the front of `bytes`, which are to lie at `offset`, are pages of zeros, or
// pages that are not. Pages are the file's; the first and the last may be a part of one.
std::size_t leading_pages(Bytes offset, std::span<const std::byte> bytes, bool zeros) noexcept {
  std::size_t found = 0;
  while (found < bytes.size()) {
    const std::size_t page = std::min(bytes.size() - found, to_page_end(offset + Bytes{found}));
    if (is_zero(bytes.subspan(found, page)) != zeros) break;
    found += page;
  }
  return found;
}

// Whether a hole could be made there. Some file systems have none.
bool punch(storage::Storage& storage, int file, Bytes offset, std::size_t length) noexcept {
  return persist([&] {
           return storage.allocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                   static_cast<off_t>(offset.value), static_cast<off_t>(length));
         }) == 0;
}

}  // namespace

int write_sparse(storage::Storage& storage, int buffered, int direct, Bytes offset,
                 std::span<const std::byte> bytes, bool over) noexcept {
  while (!bytes.empty()) {
    const bool zeros = is_zero(bytes.first(std::min(bytes.size(), to_page_end(offset))));
    const std::size_t length = leading_pages(offset, bytes, zeros);
    const bool is_hole = zeros && (!over || punch(storage, buffered, offset, length));
    if (!is_hole) {
      const int error = write_at(storage, buffered, direct, offset, bytes.first(length));
      if (error != 0) return error;
    }
    bytes = bytes.subspan(length);
    offset += Bytes{length};
  }
  return 0;
}

}  // namespace mpiferry::disk
