#include "engine/disk/job_lock_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <optional>
#include <span>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <utility>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/file_id.hpp"
#include "engine/disk/file_lock.hpp"
#include "engine/disk/job_owner.hpp"
#include "engine/disk/new_name.hpp"
#include "engine/disk/read_at.hpp"
#include "engine/disk/replaceable.hpp"
#include "engine/disk/unique_name.hpp"
#include "engine/disk/write_at.hpp"
#include "engine/storage/file.hpp"

namespace mpiferry::disk {
namespace {

// The name without a string: for C.
const char* job_lock_name() noexcept { return kJobLockName.data(); }

// O_NONBLOCK: a FIFO that someone put there must not stop us.
storage::File open_job_lock(storage::Storage& storage, int directory,
                            int access = O_RDONLY) noexcept {
  return storage::File::open(storage, directory, job_lock_name(),
                             access | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

// For writing, though nothing is written: NFS refuses LOCK_EX on any other descriptor.
storage::File open_to_lock(storage::Storage& storage, int directory) noexcept {
  storage::File job_lock = open_job_lock(storage, directory, O_RDWR);
  return job_lock || errno == ENOENT || errno == ELOOP ? std::move(job_lock)
                                                       : open_job_lock(storage, directory);
}

// Enough for a job, a pid and a host; more is not ours.
constexpr std::size_t kMaxText = 512;

// From its start, whoever has read it before.
ReadAt read_some(storage::Storage& storage, int descriptor, std::span<char> out) noexcept {
  ReadAt read = read_at(storage, descriptor, 0_B, std::as_writable_bytes(out));
  if (read.system_errno == ESTALE) read.system_errno = ENOENT;  // NFS: it has gone meanwhile
  return read;
}

bool is_of_job(std::string_view job_lock, std::string_view text) noexcept {
  return job_of(job_lock) == job_of(text) && !text.empty();
}

// 0 if the lock is ours now, EWOULDBLOCK if a job holds it, or why there is no telling.
int lock(storage::Storage& storage, const storage::File& job_lock, int kind) noexcept {
  // Another that only looks whether the job lock is held locks it, too, for a moment.
  constexpr int kLooks = 25;
  constexpr std::chrono::milliseconds kMoment{10};
  for (int looks = 1; storage.lock(job_lock.get(), kind | LOCK_NB) != 0; ++looks) {
    const int error = errno;
    if ((error != EWOULDBLOCK && error != EINTR) || looks == kLooks) return error;
    storage.pause(kMoment);
  }
  return 0;
}

// The job lock that lies there, locked and read; or the call that failed, with errno.
struct Held {
  storage::File job_lock;
  std::string text;
  const char* call = "open";
  int error = 0;
};
Held hold(storage::Storage& storage, int directory) {
  Held held;
  held.job_lock = open_to_lock(storage, directory);
  if (!held.job_lock) {
    held.error = errno;
    return held;
  }
  held.call = "flock";
  held.error = lock(storage, held.job_lock, LOCK_SH);
  if (held.error != 0) return held;
  held.call = "pread";
  std::array<char, kMaxText> buffer;  // NOLINT(*-member-init): it is read into
  const ReadAt got = read_some(storage, held.job_lock.get(), buffer);
  held.error = got.system_errno;
  held.text.assign(buffer.data(), got.bytes);
  return held;
}

// It is missing, or not what a job of this user has made. Other errors say nothing of a job lock: a
// limit of open files, a disk or a file server that fails.
bool is_none_of_ours(int error) noexcept {
  constexpr auto kErrors = std::to_array({ENOENT, ELOOP, ENXIO, EISDIR, ESPIPE, EACCES, EPERM});
  return std::ranges::find(kErrors, error) != kErrors.end();
}

// Makes a new file with `text`, or none. The call that failed, with errno, or nullptr and the
// file's `id` (file_id.hpp).
const char* write_new_file(storage::Storage& storage, int directory, const char* name,
                           std::string_view text, std::string& id) {
  auto file = storage::File::open(storage, directory, name,
                                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (!file) return "open";
  const char* call = nullptr;
  int error = 0;
  struct stat status {};
  if (storage.stat(file.get(), status) != 0) {
    call = "fstat";
    error = errno;
  }
  id = file_id(status);
  if (call == nullptr) {
    error = write_at(storage, file.get(), -1, 0_B, std::as_bytes(std::span{text}));
    if (error != 0) call = "write";
  }
  if (const int closed = file.close(); closed != 0 && call == nullptr) {
    call = "close";
    error = closed;
  }
  if (call != nullptr) storage.unlink(directory, name);
  errno = error;
  return call;
}

}  // namespace

Result<std::string> JobLockFile::create(std::string_view text) const {
  const int directory = directory_.descriptor();
  const std::string whole = unique_name(".mpiferry.job-");
  std::string id;
  const char* call = write_new_file(storage_, directory, whole.c_str(), text, id);
  int error = errno;
  if (call == nullptr) {
    // link(2) fails if there is a job lock, and nobody sees half of ours.
    error = link_new(storage_, directory, whole.c_str(), job_lock_name());
    if (error != 0) call = "link";
    storage_.unlink(directory, whole.c_str());
    // FAT, some FUSE: without links. Then others may see the job lock without its text for a
    // moment.
    if (call != nullptr && lacks_links(error)) {
      call = write_new_file(storage_, directory, job_lock_name(), text, id);
      error = errno;
    }
  }
  if (call == nullptr) return id;
  if (error != EEXIST)
    return destination_failure(Errc::dest_unusable, directory_.path(), call, error);
  // Neither --force nor --resume would take another program's file away.
  const StaleFileScan::Entry there{FileKind::job_lock, job_lock_name()};
  if (Outcome ours = check_replaceable(directory_, there, ""); !ours)
    return std::move(ours.error());
  return occupied("a job is running here, or was killed");
}

// A job lock that is ours must still be there when it is locked: in the moment before, another job
// may have taken it for a dead one's.
Result<storage::File> JobLockFile::acquire(std::string_view text, bool replace,
                                           std::string_view source_id) const {
  constexpr int kMaxTries = 8;  // more is a fight
  for (int tries = 0; tries < kMaxTries; ++tries) {
    const auto there = check(text, storage::File{});
    if (!there) return there.error();
    Result<std::string> made{std::string{}};
    if (!*there) {
      const Outcome free = replace ? remove_dead(source_id) : Outcome{Nothing{}};
      made = free ? create(text) : Result<std::string>{free.error()};
      if (!made && !is_of(text)) {
        // Another was faster: look at its job lock.
        if (free && replace && made.error().code == Errc::dest_occupied) continue;
        return made.error();
      }
    }
    Held held = hold(storage_, directory_.descriptor());
    if (lacks_locks(held.error)) return storage::File{};
    if (held.error != 0 && held.error != EWOULDBLOCK && held.error != ENOENT) {
      if ((made && has_id(*made)) || is_of(text)) unlink();
      return destination_failure(Errc::dest_unusable, directory_.path_of(kJobLockName), held.call,
                                 held.error);
    }
    if (held.error == 0 && leads_to(held.job_lock) && is_of_job(held.text, text)) {
      return std::move(held.job_lock);
    }
  }
  return running();
}

// Unlocked first: of two that leave together, the later must find it free.
void JobLockFile::leave(std::string_view text, storage::File lock) const noexcept {
  if (lock) {
    storage_.lock(lock.get(), LOCK_UN);
    if (storage_.lock(lock.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return;
  }
  release(text, std::move(lock));
}

// Not by its name alone: between a look and the removal another job may have begun here.
Outcome JobLockFile::remove_dead(std::string_view source_id) const {
  const StaleFileScan::Entry entry{FileKind::job_lock, job_lock_name()};
  if (Outcome ours = check_replaceable(directory_, entry, source_id); !ours) return ours;
  const storage::File job_lock = open_to_lock(storage_, directory_.descriptor());
  if (!job_lock) {
    if (errno == ENOENT) return Nothing{};
    if (is_none_of_ours(errno)) return undecided("open", errno);
    return destination_failure(Errc::dest_unusable, directory_.path_of(kJobLockName), "open",
                               errno);
  }
  const int error = lock(storage_, job_lock, LOCK_EX);
  if (error == EWOULDBLOCK) return running();
  if (error != 0) return undecided("flock", error);
  return leads_to(job_lock) ? directory_.remove(kJobLockName) : Outcome{Nothing{}};
}

bool JobLockFile::leads_to(const storage::File& job_lock) const noexcept {
  return disk::leads_to(storage_, directory_.descriptor(), job_lock_name(), job_lock.get());
}

// It holds its job lock, and nothing that this job was told may take it away.
Failure JobLockFile::running() const {
  const auto alive = owner_runs();
  Failure running = occupied("a job is running here");
  running.hint = "wait for that job, or name another destination";
  if (!alive) running.hint += "; if its host has died, remove .mpiferry.job by hand";
  if (alive == false) running.hint = "another of its ranks still holds it: " + running.hint;
  return running;
}

// Without locks, or without the right to ask for one: only people can know.
Failure JobLockFile::undecided(std::string_view call, int system_errno) const {
  Failure undecided = occupied("cannot tell whether the job that made it is still running");
  undecided.path = directory_.path_of(kJobLockName);
  undecided.call = call;
  undecided.system_errno = system_errno;
  undecided.hint =
      "if no job runs there, remove this file by hand (in every directory of DEST) and start again";
  return undecided;
}

Failure JobLockFile::occupied(std::string_view what) const {
  Failure failure{
      .code = Errc::dest_occupied, .path = directory_.path(), .detail = std::string{what}};
  const auto owner = JobOwner::in(text());
  const auto alive = owner ? storage_.runs(owner->process) : std::nullopt;
  if (alive == false) failure.detail = "a job that no longer runs left its job lock here";
  if (owner) failure.detail += " (" + owner->description(alive) + ")";
  failure.hint = "continue with `resume`, or replace its files with `force`";
  if (alive == true) failure.hint = "wait for that job, or name another destination";
  if (!alive) failure.hint = "wait for that job; if it is dead, " + failure.hint;
  return failure;
}

std::optional<bool> JobLockFile::owner_runs() const {
  const auto owner = JobOwner::in(text());
  return owner ? storage_.runs(owner->process) : std::nullopt;
}

bool JobLockFile::is_of(std::string_view text) const noexcept {
  std::array<char, kMaxText> buffer;  // NOLINT(*-member-init): it is read into
  return is_of_job(read(buffer).text, text);
}

// As long as the job lock is open, no other file gets its inode number.
Result<bool> JobLockFile::check(std::string_view text, const storage::File& lock) const {
  if (lock && leads_to(lock)) return true;
  std::array<char, kMaxText> buffer;  // NOLINT(*-member-init): it is read into
  const Text there = read(buffer);
  if (there.system_errno == 0 || is_none_of_ours(there.system_errno)) {
    return is_of_job(there.text, text);
  }
  return destination_failure(Errc::dest_unusable, directory_.path_of(kJobLockName), there.call,
                             there.system_errno);
}

void JobLockFile::release(std::string_view text, storage::File lock) const noexcept {
  const bool ours = (lock && leads_to(lock)) || is_of(text);
  if (!ours || unlink()) return;
  // FUSE hides a file that is open by a rename, and that may be refused.
  lock.close();
  if (is_of(text)) unlink();
}

bool JobLockFile::unlink() const noexcept {
  return storage_.unlink(directory_.descriptor(), job_lock_name()) == 0;
}

bool JobLockFile::has_id(std::string_view id) const {
  struct stat named {};
  return storage_.stat_at(directory_.descriptor(), job_lock_name(), named, AT_SYMLINK_NOFOLLOW) ==
             0 &&
         file_id(named) == id;
}

std::string JobLockFile::text() const {
  std::array<char, kMaxText> buffer;  // NOLINT(*-member-init): it is read into
  std::string_view text = read(buffer).text;
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string{text};
}

JobLockFile::Text JobLockFile::read(std::span<char> buffer) const noexcept {
  const storage::File file = open_job_lock(storage_, directory_.descriptor());
  if (!file) return {.text = {}, .call = "open", .system_errno = errno};
  const ReadAt got = read_some(storage_, file.get(), buffer);
  if (got.system_errno != 0) {
    return {.text = {}, .call = "pread", .system_errno = got.system_errno};
  }
  return {.text = {buffer.data(), got.bytes}};
}

}  // namespace mpiferry::disk
