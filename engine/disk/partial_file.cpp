#include "engine/disk/partial_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <utility>

#include "engine/disk/persist.hpp"
#include "engine/disk/write_at.hpp"
#include "engine/storage/file.hpp"

namespace mpiferry::disk {

PartialFile::PartialFile(PartialFile&& other) noexcept
    : storage_(other.storage_),
      directory_(other.directory_),
      mode_(other.mode_),
      stamp_(other.stamp_),
      descriptor_(std::move(other.descriptor_)),
      direct_(std::move(other.direct_)),
      size_(other.size_) {
  std::ranges::copy(other.partial_name_, partial_name_);
  std::ranges::copy(other.final_name_, final_name_);
  other.partial_name_[0] = '\0';
}

PartialFile::~PartialFile() {
  close();  // first: NFS only hides an open file that is removed
  if (partial_name_[0] != '\0') storage_->unlink(directory_, partial_name_);
}

void PartialFile::go_direct() noexcept {
  direct_ = storage::File::open(*storage_, directory_, partial_name_,
                                O_WRONLY | O_DIRECT | O_NOFOLLOW | O_CLOEXEC);
}

WriteError PartialFile::append(std::span<const std::byte> bytes) noexcept {
  const int error = write_at(*storage_, descriptor_.get(), direct_.get(), size_, bytes);
  size_ += Bytes{bytes.size()};
  return error == 0 ? WriteError{} : WriteError{Call::append, error};
}

void PartialFile::start_sync() const noexcept { storage_->start_sync(descriptor_.get(), 0, 0); }

// Once, after the last write, which would set the time anew.
WriteError PartialFile::stamp() noexcept {
  const FileStamp* const stamp = std::exchange(stamp_, nullptr);
  int error = take_back_mode(*storage_, descriptor_.get(), std::exchange(mode_, wire::kAnyMode));
  if (error == 0 && stamp != nullptr) error = stamp->put_on(*storage_, descriptor_.get());
  return error == 0 ? WriteError{} : WriteError{Call::attributes, error};
}

WriteError PartialFile::sync() noexcept {
  if (const WriteError error = stamp()) return error;
  const int error = persist([this] { return storage_->sync(descriptor_.get()); });
  return error == 0 ? WriteError{} : WriteError{Call::sync, error};
}

// 0 or an errno.
int PartialFile::close() noexcept {
  const int late = direct_.close();
  const int error = descriptor_.close();
  return error != 0 ? error : late;
}

WriteError PartialFile::publish(bool durable) noexcept {
  if (!descriptor_) return {Call::append, EBADF};
  if (const WriteError error = durable ? sync() : stamp()) return error;
  if (const int error = close(); error != 0) return {Call::close, error};
  if (storage_->rename(directory_, partial_name_, final_name_, 0) != 0)
    return {Call::rename, errno};
  partial_name_[0] = '\0';
  return {};
}

}  // namespace mpiferry::disk
