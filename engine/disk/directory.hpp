// The directory that receives chunks: one file a chunk, visible under its name only when whole.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/disk/file_name.hpp"
#include "engine/disk/partial_file.hpp"
#include "engine/storage/file.hpp"

namespace mpiferry::disk {

struct OpenedPartialFile {
  PartialFile file;
  WriteError error;
};

// Everything goes through one descriptor, so it stays the same directory when it is renamed.
// Move-only; must not outlive its storage. Const members other than `sync` may be called from
// several threads.
class Directory {
 public:
  // Creates `path` and its missing parents (mode 0777 less the umask) and opens it. Other ranks may
  // do the same at the same time.
  // dest_unusable with the component that failed as its path, call, errno, and a hint where one
  // helps (not a directory, no permission, read-only file system).
  static Result<Directory> open_or_create(storage::Storage& storage, const std::string& path);

  // Opens `path`, which must be there; makes nothing.
  // dest_unusable with path, call, errno and a hint for all else.
  static Result<Directory> open_existing(storage::Storage& storage, const std::string& path);

  Directory(Directory&& other) noexcept = default;
  Directory& operator=(Directory&&) = delete;
  ~Directory() = default;

  storage::Storage& storage() const noexcept { return *storage_; }
  const std::string& path() const noexcept { return path_; }
  // "device:inode"; two paths of one host name the same directory if it is equal.
  std::string id() const;

  // dest_unusable unless a file can be made, written and removed here. Its file is no stale file to
  // `check_vacant`: workers of one directory do both at the same time.
  Outcome probe_writable() const;

  // dest_unusable if the path no longer leads here: it was moved, removed or replaced.
  Outcome check_in_place() const;

  // Starts a file that will be called `final_name` (at most 64 characters, no '/'); the part's name
  // is ".<final_name>.<16 hex digits of job_id>.part". O_EXCL, O_NOFOLLOW, its mode less the umask.
  // A part of the same name that is there already (a resend's predecessor) is replaced.
  // No allocation. On failure `error` is set and the object is empty.
  OpenedPartialFile open_partial(std::string_view final_name, std::uint64_t job_id,
                                 const PartialFileOptions& options = {}) const noexcept;

  // fsync of the directory itself, so that names in it are durable; the first call that succeeds
  // also syncs the directories on its path, as it is written, up to the mount point; of those only
  // a disk that fails or is full is an error. dest_write_failed. One thread at
  // a time.
  Outcome sync() const;
  // syncfs: all data and names of its file system are durable, whoever wrote them.
  // dest_write_failed.
  Outcome sync_file_system() const;
  // Removes the file `name`; one that is not there is no error. dest_unusable.
  Outcome remove(std::string_view name) const;
  // A symbolic link exists, wherever it points to. Only a file system that says so has no such
  // name; where it cannot tell, the name counts as taken.
  bool exists(std::string_view name) const noexcept;

  // For calls on names in it (openat and so on); it stays the directory's.
  int descriptor() const noexcept { return descriptor_.get(); }
  // What a user calls `name` in it: "out/chunk_7.bin".
  std::string path_of(std::string_view name) const;

 private:
  Directory(storage::Storage& storage, std::string path, storage::File descriptor) noexcept;
  Outcome sync_way_here() const;

  storage::Storage* storage_;
  std::string path_;
  storage::File descriptor_;
  mutable bool way_synced_ = false;
};

}  // namespace mpiferry::disk
