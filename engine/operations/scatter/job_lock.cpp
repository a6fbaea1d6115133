#include "engine/operations/scatter/job_lock.hpp"

#include <utility>

namespace mpiferry::operations {

Outcome JobLock::acquire(const disk::Directory& directory, bool replace,
                         const std::string& source_id) {
  auto file = disk::JobLockFile{directory}.acquire(text_, replace, source_id);
  if (!file) return std::move(file.error());
  directory_ = &directory;
  file_ = std::move(*file);
  return Nothing{};
}

void JobLock::release() noexcept {
  const disk::Directory* const directory = std::exchange(directory_, nullptr);
  if (directory == nullptr) return;
  if (holders_ == Holders::one) {
    disk::JobLockFile{*directory}.release(text_, std::move(file_));
  } else {
    disk::JobLockFile{*directory}.leave(text_, std::move(file_));
  }
}

}  // namespace mpiferry::operations
