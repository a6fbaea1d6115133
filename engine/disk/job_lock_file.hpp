// `.mpiferry.job` in a destination: a job is running here.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/disk/directory.hpp"
#include "engine/storage/file.hpp"

namespace mpiferry::disk {

// The job lock of one directory, which outlives this. Const members may be called from several
// threads.
class JobLockFile {
 public:
  explicit JobLockFile(const Directory& directory) noexcept
      : directory_(directory), storage_(directory.storage()) {}

  // Made with `text` or not at all: nobody sees it without its text. Returns its id (file_id.hpp).
  // dest_occupied if there is one; its detail names rank, process and host of the job, and says
  // whether that process still runs, where that can be known.
  Result<std::string> create(std::string_view text) const;
  // `create`, and locks it (flock) for as long as the descriptor lives, so that a job on
  // this host, or on one that shares the file system's locks, can tell a running job from a killed
  // one. A job lock of the job of `text` is joined; with `replace` one that nobody holds is
  // replaced, if it is a job lock that a job has made, and not the file `source_id` (file_id.hpp;
  // "": none). The descriptor is empty if the file system has no locks. dest_occupied if there is
  // another job's: one that runs, or, where there are no locks or no right to ask for them, one of
  // which nobody can tell. May take a quarter of a second to say so. invalid_argument,
  // dest_unusable.
  Result<storage::File> acquire(std::string_view text, bool replace,
                                std::string_view source_id = "") const;
  // Ends what `acquire` began. Where others hold the job lock, too, the last of them
  // removes it.
  void leave(std::string_view text, storage::File lock) const noexcept;
  // Whether `.mpiferry.job` exists here and is of the job of `text`: its first line is the same
  // (job_owner.hpp). False if it cannot be read.
  bool is_of(std::string_view text) const noexcept;
  // The same for those who must not take a job lock that cannot be read for another job's: `lock`,
  // of `acquire`, knows its job lock without another descriptor. dest_unusable with path,
  // call and errno (EMFILE, EIO, ...).
  Result<bool> check(std::string_view text, const storage::File& lock) const;
  // Removes `.mpiferry.job` if it is of the job of `text`, or the file that is locked. `lock`: what
  // `acquire` has returned; it is given back when the name is gone, or where the name
  // cannot go before.
  void release(std::string_view text, storage::File lock = {}) const noexcept;

  // dest_occupied: another job has this directory; `what` begins the detail, which names its owner.
  Failure occupied(std::string_view what) const;

 private:
  Failure running() const;
  // Storage::runs of the job lock here.
  std::optional<bool> owner_runs() const;
  Failure undecided(std::string_view call, int system_errno) const;
  // Removes `.mpiferry.job` unless somebody holds it, or may hold it, or it is no job lock.
  Outcome remove_dead(std::string_view source_id) const;
  // Whether `job_lock` is still what has its name.
  bool leads_to(const storage::File& job_lock) const noexcept;
  // What `.mpiferry.job` says, or "".
  std::string text() const;
  struct Text {
    std::string_view text;
    const char* call = "";  // that failed, with errno
    int system_errno = 0;
  };
  Text read(std::span<char> buffer) const noexcept;
  bool has_id(std::string_view id) const;  // of file_id.hpp
  bool unlink() const noexcept;

  const Directory& directory_;
  storage::Storage& storage_;
};

}  // namespace mpiferry::disk
