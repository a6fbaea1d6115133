#include "engine/disk/part_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <limits>
#include <unistd.h>
#include <utility>

namespace mpiferry::disk {

PartFile::PartFile(PartFile&& other) noexcept
    : directory_(other.directory_), descriptor_(std::move(other.descriptor_)) {
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
    const ssize_t put = ::write(descriptor_.get(), bytes.data(), std::min(bytes.size(), kMaxWrite));
    if (put > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    } else if (put == 0) {
      return {Call::write, ENOSPC};
    } else if (errno != EINTR) {
      return {Call::write, errno};
    }
  }
  return {};
}

WriteError PartFile::publish(bool durable) noexcept {
  if (!descriptor_) return {Call::write, EBADF};
  while (durable && ::fsync(descriptor_.get()) != 0) {
    if (errno != EINTR) return {Call::sync, errno};
  }
  if (const int error = descriptor_.close(); error != 0) return {Call::write, error};
  if (::renameat(directory_, part_name_, directory_, final_name_) != 0)
    return {Call::rename, errno};
  part_name_[0] = '\0';
  return {};
}

}  // namespace mpiferry::disk
