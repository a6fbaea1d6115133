// An open file or directory that closes itself.
#pragma once

#include <cerrno>
#include <utility>

#include "engine/storage/storage.hpp"

namespace mpiferry::storage {

// Owns one descriptor of a storage, which must outlive it, or none (-1). Move-only; not
// thread-safe.
class File {
 public:
  File() noexcept = default;
  File(Storage& storage, int descriptor) noexcept : storage_(&storage), descriptor_(descriptor) {}
  // Storage::open_at; empty, with errno, if that fails.
  static File open(Storage& storage, int directory, const char* path, int flags,
                   mode_t mode = 0) noexcept {
    return {storage, storage.open_at(directory, path, flags, mode)};
  }
  File(File&& other) noexcept
      : storage_(other.storage_), descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    if (this != &other) {
      drop();
      storage_ = other.storage_;
      descriptor_ = std::exchange(other.descriptor_, -1);
    }
    return *this;
  }
  ~File() { drop(); }

  explicit operator bool() const noexcept { return descriptor_ >= 0; }
  int get() const noexcept { return descriptor_; }
  int release() noexcept { return std::exchange(descriptor_, -1); }

  // The errno of close(2), or 0. Never called twice on one descriptor: Linux frees it even when
  // close fails, and another thread may have it by then.
  int close() noexcept {
    const int descriptor = release();
    return descriptor >= 0 && storage_->close(descriptor) != 0 ? errno : 0;
  }

 private:
  // Leaves errno to whoever looks at the call before.
  void drop() noexcept {
    const int error = errno;
    close();
    errno = error;
  }

  Storage* storage_ = nullptr;
  int descriptor_ = -1;
};

}  // namespace mpiferry::storage
