// The lock of an open file, by which its job is known to be alive.
#pragma once

#include <cerrno>
#include <sys/file.h>

#include "engine/disk/persist.hpp"
#include "engine/storage/file.hpp"
#include "engine/storage/storage.hpp"

namespace mpiferry::disk {

// The errors by which a file system says that it has no locks.
constexpr bool lacks_locks(int error) noexcept {
  return error == EOPNOTSUPP || error == ENOSYS || error == ENOLCK;
}

// 0 if this job holds the file now, or its file system has no locks; EWOULDBLOCK if another holds
// it; else why there is no telling.
inline int try_lock(storage::Storage& storage, const storage::File& file) noexcept {
  const int error = persist([&] { return storage.lock(file.get(), LOCK_EX | LOCK_NB); });
  return lacks_locks(error) ? 0 : error;
}

}  // namespace mpiferry::disk
