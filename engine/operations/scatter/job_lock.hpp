// This rank's hold on the job lock of its destination.
#pragma once

#include <string>

#include "engine/base/result.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/job_lock_file.hpp"
#include "engine/storage/file.hpp"

namespace mpiferry::operations {

// Not thread-safe. The directory outlives it.
class JobLock {
 public:
  enum class Holders { one, several };  // the last of several removes it

  JobLock(std::string text, Holders holders) : text_(std::move(text)), holders_(holders) {}
  JobLock(const JobLock&) = delete;
  JobLock& operator=(const JobLock&) = delete;
  // Releases it, also when an exception ends the job.
  ~JobLock() { release(); }

  // disk::JobLockFile::acquire.
  Outcome acquire(const disk::Directory& directory, bool replace, const std::string& source_id);
  bool held() const noexcept { return directory_ != nullptr; }
  // Whether the lock in the directory is still this one. Precondition: held().
  Result<bool> check() const { return disk::JobLockFile{*directory_}.check(text_, file_); }
  void release() noexcept;

  const std::string& text() const noexcept { return text_; }

 private:
  const std::string text_;
  const Holders holders_;
  const disk::Directory* directory_ = nullptr;
  storage::File file_;
};

}  // namespace mpiferry::operations
