#include "engine/disk/part_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <limits>
#include <unistd.h>
#include <utility>

#include "engine/base/units.hpp"

namespace mpiferry::disk {

PartFile::PartFile(PartFile&& other) noexcept
    : directory_(other.directory_),
      direct_(other.direct_),
      stamp_(other.stamp_),
      descriptor_(std::move(other.descriptor_)) {
  std::ranges::copy(other.part_name_, part_name_);
  std::ranges::copy(other.final_name_, final_name_);
  other.part_name_[0] = '\0';
}

PartFile::~PartFile() {
  descriptor_.close();  // first: NFS only hides an open file that is removed
  if (part_name_[0] != '\0') ::unlinkat(directory_, part_name_, 0);
}

WriteError PartFile::append(std::span<const std::byte> bytes) noexcept {
  constexpr std::size_t kMaxWrite = std::numeric_limits<ssize_t>::max();
  while (!bytes.empty()) {
    std::size_t piece = std::min(bytes.size(), kMaxWrite);
    if (direct_) {
      piece -= piece % kPageSize;
      if (piece == 0 || reinterpret_cast<std::uintptr_t>(bytes.data()) % kPageSize != 0) {
        leave_direct();
        continue;
      }
    }
    const ssize_t put = ::write(descriptor_.get(), bytes.data(), piece);
    if (put > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    } else if (put == 0) {
      return {Call::append, ENOSPC};
    } else if (errno == EINVAL && direct_) {
      leave_direct();  // larger blocks than pages, or none at all: what was written so far stands
    } else if (errno != EINTR) {
      return {Call::append, errno};
    }
  }
  return {};
}

void PartFile::leave_direct() noexcept {
  const int flags = ::fcntl(descriptor_.get(), F_GETFL);
  if (flags >= 0) ::fcntl(descriptor_.get(), F_SETFL, flags & ~O_DIRECT);
  direct_ = false;
}

void PartFile::start_sync() const noexcept {
  ::sync_file_range(descriptor_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
}

// Once, after the last write, which would set the time anew.
WriteError PartFile::stamp() noexcept {
  const FileStamp* const stamp = std::exchange(stamp_, nullptr);
  const int error = stamp == nullptr ? 0 : stamp->put_on(descriptor_.get());
  return error == 0 ? WriteError{} : WriteError{Call::attributes, error};
}

WriteError PartFile::sync() noexcept {
  if (const WriteError error = stamp()) return error;
  while (::fsync(descriptor_.get()) != 0) {
    if (errno != EINTR) return {Call::sync, errno};
  }
  return {};
}

WriteError PartFile::publish(bool durable) noexcept {
  if (!descriptor_) return {Call::append, EBADF};
  if (const WriteError error = durable ? sync() : stamp()) return error;
  if (const int error = descriptor_.close(); error != 0) return {Call::close, error};
  if (::renameat(directory_, part_name_, directory_, final_name_) != 0)
    return {Call::rename, errno};
  part_name_[0] = '\0';
  return {};
}

}  // namespace mpiferry::disk
