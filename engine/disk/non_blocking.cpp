#include "engine/disk/non_blocking.hpp"

#include <fcntl.h>
#include <utility>

namespace mpiferry::disk {

bool NonBlocking::set(int descriptor) noexcept {
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0) return false;
  if ((flags & O_NONBLOCK) != 0) return true;
  Descriptor duplicate{::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)};
  if (!duplicate || ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) return false;
  descriptor_ = std::move(duplicate);
  return true;
}

NonBlocking::~NonBlocking() {
  if (!descriptor_) return;
  // Only this flag: the others may have been changed meanwhile by those who share the file.
  const int flags = ::fcntl(descriptor_.get(), F_GETFL);
  if (flags >= 0) ::fcntl(descriptor_.get(), F_SETFL, flags & ~O_NONBLOCK);
}

}  // namespace mpiferry::disk
