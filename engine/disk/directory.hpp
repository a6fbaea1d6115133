// The directory that receives chunks: one file a chunk, visible under its name only when whole.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/disk/descriptor.hpp"
#include "engine/disk/partial_file.hpp"
#include "engine/disk/stale_file.hpp"

namespace mpiferry::disk {

struct OpenedPartialFile {
  PartialFile file;
  WriteError error;
};

// Everything goes through one descriptor, so it stays the same directory when it is renamed.
// Move-only; const members other than `sync` may be called from several threads.
class Directory {
 public:
  // Creates `path` and its missing parents (mode 0777 less the umask) and opens it. Other ranks may
  // do the same at the same time.
  // dest_unusable with the component that failed as its path, call, errno, and a hint where one
  // helps (not a directory, no permission, read-only file system).
  static Result<Directory> open_or_create(const std::string& path);

  // Opens `path`, which must be there; makes nothing.
  // dest_unusable with path, call, errno and a hint for all else.
  static Result<Directory> open_existing(const std::string& path);

  Directory(Directory&& other) noexcept = default;
  Directory& operator=(Directory&&) = delete;
  ~Directory() = default;

  const std::string& path() const noexcept { return path_; }
  // "device:inode"; two paths of one host name the same directory if it is equal.
  std::string id() const;

  // dest_unusable unless a file can be made, written and removed here. Its file is no stale file to
  // `check_vacant`: workers of one directory do both at the same time.
  Outcome probe_writable() const;

  // What an earlier or a concurrent job left here (stale_file.hpp has the names), but for a
  // `.mpiferry.job` that holds `own_job_lock`.
  // dest_occupied if there is any (as check_replaceable says it of what no job has made), with
  // counts of chunks, stripes, whole files and parts and the first such name; its detail says
  // whether it looks like a finished job (manifest), an unfinished one or one that is running.
  Outcome check_vacant(std::string_view own_job_lock) const;

  // dest_unusable if the path no longer leads here: it was moved, removed or replaced.
  Outcome check_in_place() const;

  // `.mpiferry.job`, the job lock that a job is running here, created with `text` or not at all:
  // nobody sees it without its text. Returns its id (file_id.hpp). dest_occupied if there is one;
  // its detail names rank, process and host of the job, and says whether that process still runs,
  // where that can be known.
  Result<std::string> create_job_lock(std::string_view text) const;
  // `create_job_lock`, and locks it (flock) for as long as the descriptor lives, so that a job on
  // this host, or on one that shares the file system's locks, can tell a running job from a killed
  // one. A job lock of the job of `text` is joined; with `replace` one that nobody holds is
  // replaced, if it is a job lock that a job has made, and not the file `source_id` (file_id.hpp;
  // "": none). The descriptor is empty if the file system has no locks. dest_occupied if there is
  // another job's: one that runs, or, where there are no locks or no right to ask for them, one of
  // which nobody can tell. May take a quarter of a second to say so. invalid_argument,
  // dest_unusable.
  Result<Descriptor> acquire_job_lock(std::string_view text, bool replace,
                                      std::string_view source_id = "") const;
  // Ends what `acquire_job_lock` began. Where others hold the job lock, too, the last of them
  // removes it.
  void leave_job_lock(std::string_view text, Descriptor lock) const noexcept;
  // Whether `.mpiferry.job` exists here and is of the job of `text`: its first line is the same
  // (job_owner.hpp). False if it cannot be read.
  bool holds_job_lock(std::string_view text) const noexcept;
  // The same for those who must not take a job lock that cannot be read for another job's: `lock`,
  // of `acquire_job_lock`, knows its job lock without another descriptor. dest_unusable with path,
  // call and errno (EMFILE, EIO, ...).
  Result<bool> check_job_lock(std::string_view text, const Descriptor& lock) const;
  // Removes `.mpiferry.job` if it is of the job of `text`, or the file that is locked. `lock`: what
  // `acquire_job_lock` has returned; it is given back when the name is gone, or where the name
  // cannot go before.
  void release_job_lock(std::string_view text, Descriptor lock = {}) const noexcept;

  // Starts a file that will be called `final_name` (at most 64 characters, no '/'); the part's name
  // is ".<final_name>.<16 hex digits of job_id>.part". O_EXCL, O_NOFOLLOW, its mode less the umask.
  // A part of the same name that is there already (a resend's predecessor) is replaced.
  // No allocation. On failure `error` is set and the object is empty.
  OpenedPartialFile open_partial(std::string_view final_name, std::uint64_t job_id,
                                 const PartialFileOptions& options = {}) const noexcept;

  // fsync of the directory itself, so that names are durable; the first call also syncs the parents
  // that `open_or_create` has made. dest_write_failed. One thread at a time.
  Outcome sync() const;
  // syncfs: all data and names of its file system are durable, whoever wrote them.
  // dest_write_failed.
  Outcome sync_file_system() const;
  // Removes the file `name`; one that is not there is no error. dest_unusable.
  Outcome remove(std::string_view name) const;
  // A symbolic link exists, wherever it points to.
  bool exists(std::string_view name) const noexcept;

  // For calls on names in it (openat and so on); it stays the directory's.
  int descriptor() const noexcept { return descriptor_.get(); }
  // What a user calls `name` in it: "out/chunk_7.bin".
  std::string path_of(std::string_view name) const;

 private:
  Directory(std::string path, Descriptor descriptor, std::vector<std::string> changed) noexcept;
  // Another job has locked this directory; `what` begins the detail, which names the owner.
  Failure locked(std::string_view what) const;
  Failure running() const;
  // JobOwner::runs of the job lock here.
  std::optional<bool> owner_runs() const;
  Failure undecided(std::string_view call, int system_errno) const;
  // Removes `.mpiferry.job` unless somebody holds it, or may hold it, or it is no job lock.
  Outcome remove_dead_job_lock(std::string_view source_id) const;
  // Whether `job_lock` is still what has its name.
  bool leads_to(const Descriptor& job_lock) const noexcept;
  // What `.mpiferry.job` says, or "".
  std::string job_lock_text() const;
  struct JobLockText {
    std::string_view text;
    const char* call = "";  // that failed, with errno
    int system_errno = 0;
  };
  JobLockText read_job_lock(std::span<char> buffer) const noexcept;
  bool is_job_lock(std::string_view id) const;  // of file_id.hpp
  bool unlink_job_lock() const noexcept;

  std::string path_;
  Descriptor descriptor_;
  mutable std::vector<std::string> changed_parents_;  // not synced yet
};

}  // namespace mpiferry::disk
