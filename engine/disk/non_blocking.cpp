#include "engine/disk/non_blocking.hpp"

#include <fcntl.h>
#include <utility>

#include "engine/storage/file.hpp"

namespace mpiferry::disk {

bool NonBlocking::set(storage::Storage& storage, int descriptor) noexcept {
  const int flags = storage.flags(descriptor);
  if (flags < 0) return false;
  if ((flags & O_NONBLOCK) != 0) return true;
  storage::File duplicate{storage, storage.duplicate(descriptor)};
  if (!duplicate || storage.set_flags(descriptor, flags | O_NONBLOCK) != 0) return false;
  storage_ = &storage;
  descriptor_ = std::move(duplicate);
  return true;
}

NonBlocking::~NonBlocking() {
  if (!descriptor_) return;
  // Only this flag: the others may have been changed meanwhile by those who share the file.
  const int flags = storage_->flags(descriptor_.get());
  if (flags >= 0) storage_->set_flags(descriptor_.get(), flags & ~O_NONBLOCK);
}

}  // namespace mpiferry::disk
