// Directory: the mark of a running job.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <span>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utility>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/file_id.hpp"
#include "engine/disk/job_owner.hpp"
#include "engine/disk/new_name.hpp"
#include "engine/disk/replaceable.hpp"
#include "engine/disk/unique_name.hpp"

namespace mpiferry::disk {
namespace {

// The name without a string: for C.
const char* token_name() noexcept { return kTokenName.data(); }

// O_NONBLOCK: a FIFO that someone put there must not stop us.
Descriptor open_token(int directory, int access = O_RDONLY) noexcept {
  return Descriptor{
      ::openat(directory, token_name(), access | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
}

// For writing, though nothing is written: NFS refuses LOCK_EX on any other descriptor.
Descriptor open_to_lock(int directory) noexcept {
  Descriptor token = open_token(directory, O_RDWR);
  return token || errno == ENOENT || errno == ELOOP ? std::move(token) : open_token(directory);
}

// Enough for a job, a pid and a host; more is not ours.
constexpr std::size_t kMaxTokenText = 512;

// From its start, whoever has read it before.
ssize_t read_some(int descriptor, std::span<char> out) noexcept {
  ssize_t got = 0;
  do {
    got = ::pread(descriptor, out.data(), out.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == ESTALE) errno = ENOENT;  // NFS: it has gone since it was opened
  return got;
}

bool is_of_job(std::string_view mark, std::string_view text) noexcept {
  return job_of(mark) == job_of(text) && !text.empty();
}

// 0 if the lock is ours now, EWOULDBLOCK if a job holds it, or why there is no telling.
int lock(const Descriptor& token, int kind) noexcept {
  // Another that only looks whether the token is held locks it, too, for a moment.
  constexpr int kLooks = 25;
  constexpr timespec kMoment{.tv_sec = 0, .tv_nsec = 10'000'000};
  for (int looks = 1; ::flock(token.get(), kind | LOCK_NB) != 0; ++looks) {
    const int error = errno;
    if ((error != EWOULDBLOCK && error != EINTR) || looks == kLooks) return error;
    ::nanosleep(&kMoment, nullptr);
  }
  return 0;
}

bool lacks_locks(int error) noexcept {
  return error == EOPNOTSUPP || error == ENOSYS || error == ENOLCK;
}

// The mark that lies there, locked and read; or the call that failed, with errno.
struct Held {
  Descriptor token;
  std::string text;
  const char* call = "open";
  int error = 0;
};
Held hold(int directory) {
  Held held;
  held.token = open_to_lock(directory);
  if (!held.token) {
    held.error = errno;
    return held;
  }
  held.call = "flock";
  held.error = lock(held.token, LOCK_SH);
  if (held.error != 0) return held;
  held.call = "pread";
  std::array<char, kMaxTokenText> buffer;  // NOLINT(*-member-init): it is read into
  const ssize_t got = read_some(held.token.get(), buffer);
  if (got < 0) held.error = errno;
  held.text.assign(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return held;
}

// It is missing, or not what a job of this user has made. Other errors say nothing of a mark: a
// limit of open files, a disk or a file server that fails.
bool is_none_of_ours(int error) noexcept {
  constexpr auto kErrors = std::to_array({ENOENT, ELOOP, ENXIO, EISDIR, ESPIPE, EACCES, EPERM});
  return std::ranges::find(kErrors, error) != kErrors.end();
}

// Makes a new file with `text`, or none. The call that failed, with errno, or nullptr and the
// file's `id` (file_id.hpp).
const char* write_new_file(int directory, const char* name, std::string_view text,
                           std::string& id) {
  Descriptor file{
      ::openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666)};
  if (!file) return "open";
  const char* call = nullptr;
  int error = 0;
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    call = "fstat";
    error = errno;
  }
  id = file_id(status);
  while (!text.empty() && call == nullptr) {
    const ssize_t put = ::write(file.get(), text.data(), text.size());
    if (put > 0) {
      text.remove_prefix(static_cast<std::size_t>(put));
    } else if (put == 0 || errno != EINTR) {
      call = "write";
      error = put == 0 ? ENOSPC : errno;
    }
  }
  if (const int closed = file.close(); closed != 0 && call == nullptr) {
    call = "close";
    error = closed;
  }
  if (call != nullptr) ::unlinkat(directory, name, 0);
  errno = error;
  return call;
}

}  // namespace

Result<std::string> Directory::create_token(std::string_view text) const {
  const int directory = descriptor_.get();
  const std::string whole = unique_name(".mpiferry.job-");
  std::string id;
  const char* call = write_new_file(directory, whole.c_str(), text, id);
  int error = errno;
  if (call == nullptr) {
    // link(2) fails if there is a token, and nobody sees half of ours.
    error = link_new(directory, whole.c_str(), token_name());
    if (error != 0) call = "link";
    ::unlinkat(directory, whole.c_str(), 0);
    // FAT, some FUSE: without links. Then others may see the token without its text for a moment.
    if (call != nullptr && lacks_links(error)) {
      call = write_new_file(directory, token_name(), text, id);
      error = errno;
    }
  }
  if (call == nullptr) return id;
  if (error != EEXIST) return destination_failure(Errc::dest_unusable, path_, call, error);
  // Neither --force nor --resume would take another program's file away.
  const LeftoverScan::Entry there{Leftover::token, token_name()};
  if (Outcome ours = check_replaceable(*this, there, ""); !ours) return std::move(ours.error());
  return marked("a job is running here, or was killed");
}

// A token that is ours must still be there when it is locked: in the moment before, another job may
// have taken it for a dead one's.
Result<Descriptor> Directory::take_token(std::string_view text, bool replace,
                                         std::string_view source_id) const {
  constexpr int kMostTries = 8;  // more is a fight
  for (int tries = 0; tries < kMostTries; ++tries) {
    const auto there = check_token(text, Descriptor{});
    if (!there) return there.error();
    Result<std::string> made{std::string{}};
    if (!*there) {
      const Outcome free = replace ? remove_dead_token(source_id) : Outcome{Nothing{}};
      made = free ? create_token(text) : Result<std::string>{free.error()};
      if (!made && !holds_token(text)) {
        // Another was faster: look at its token.
        if (free && replace && made.error().code == Errc::dest_occupied) continue;
        return made.error();
      }
    }
    Held held = hold(descriptor_.get());
    if (lacks_locks(held.error)) return Descriptor{};
    if (held.error != 0 && held.error != EWOULDBLOCK && held.error != ENOENT) {
      if ((made && is_token(*made)) || holds_token(text)) unlink_token();
      return destination_failure(Errc::dest_unusable, path_of(kTokenName), held.call, held.error);
    }
    if (held.error == 0 && leads_to(held.token) && is_of_job(held.text, text)) {
      return std::move(held.token);
    }
  }
  return running();
}

// Unlocked first: of two that leave together, the later must find it free.
void Directory::leave_token(std::string_view text, Descriptor lock) const noexcept {
  if (lock) {
    ::flock(lock.get(), LOCK_UN);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return;
  }
  remove_token(text, std::move(lock));
}

// Not by its name alone: between a look and the removal another job may have begun here.
Outcome Directory::remove_dead_token(std::string_view source_id) const {
  const LeftoverScan::Entry entry{Leftover::token, token_name()};
  if (Outcome ours = check_replaceable(*this, entry, source_id); !ours) return ours;
  const Descriptor token = open_to_lock(descriptor_.get());
  if (!token) {
    if (errno == ENOENT) return Nothing{};
    if (is_none_of_ours(errno)) return undecided("open", errno);
    return destination_failure(Errc::dest_unusable, path_of(kTokenName), "open", errno);
  }
  const int error = lock(token, LOCK_EX);
  if (error == EWOULDBLOCK) return running();
  if (error != 0) return undecided("flock", error);
  return leads_to(token) ? remove(kTokenName) : Outcome{Nothing{}};
}

bool Directory::leads_to(const Descriptor& token) const noexcept {
  struct stat named {};
  struct stat opened {};
  return ::fstatat(descriptor_.get(), token_name(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         ::fstat(token.get(), &opened) == 0 && is_same_file(named, opened);
}

// It holds its mark, and nothing that this job was told may take it away.
Failure Directory::running() const {
  const auto alive = owner_runs();
  Failure running = marked("a job is running here");
  running.hint = "wait for that job, or name another destination";
  if (!alive) running.hint += "; if its host has died, remove .mpiferry.job by hand";
  if (alive == false) running.hint = "another of its ranks still holds it: " + running.hint;
  return running;
}

// Without locks, or without the right to ask for one: only people can know.
Failure Directory::undecided(std::string_view call, int system_errno) const {
  Failure undecided = marked("no telling whether the job that made it still runs");
  undecided.path = path_of(kTokenName);
  undecided.call = call;
  undecided.system_errno = system_errno;
  undecided.hint =
      "if no job runs there, remove this file by hand (in every directory of DEST) and start again";
  return undecided;
}

Failure Directory::marked(std::string_view what) const {
  Failure occupied{.code = Errc::dest_occupied, .path = path_, .detail = std::string{what}};
  const auto owner = JobOwner::in(token_text());
  const auto alive = owner_runs();
  if (alive == false) occupied.detail = "a job has left its mark here";
  if (owner) occupied.detail += " (" + owner->description() + ")";
  occupied.hint = "go on with --resume, or replace its files with --force";
  if (alive == true) occupied.hint = "wait for that job, or name another destination";
  if (!alive) occupied.hint = "wait for that job; if it is dead, " + occupied.hint;
  return occupied;
}

std::optional<bool> Directory::owner_runs() const {
  const auto owner = JobOwner::in(token_text());
  return owner ? owner->runs() : std::nullopt;
}

bool Directory::holds_token(std::string_view text) const noexcept {
  std::array<char, kMaxTokenText> buffer;  // NOLINT(*-member-init): it is read into
  return is_of_job(read_token(buffer).text, text);
}

// As long as the mark is open, no other file gets its inode number.
Result<bool> Directory::check_token(std::string_view text, const Descriptor& lock) const {
  if (lock && leads_to(lock)) return true;
  std::array<char, kMaxTokenText> buffer;  // NOLINT(*-member-init): it is read into
  const TokenText there = read_token(buffer);
  if (there.system_errno == 0 || is_none_of_ours(there.system_errno)) {
    return is_of_job(there.text, text);
  }
  return destination_failure(Errc::dest_unusable, path_of(kTokenName), there.call,
                             there.system_errno);
}

void Directory::remove_token(std::string_view text, Descriptor lock) const noexcept {
  const bool ours = (lock && leads_to(lock)) || holds_token(text);
  if (!ours || unlink_token()) return;
  // FUSE hides a file that is open by a rename, and that may be refused.
  lock.close();
  if (holds_token(text)) unlink_token();
}

bool Directory::unlink_token() const noexcept {
  return ::unlinkat(descriptor_.get(), token_name(), 0) == 0;
}

bool Directory::is_token(std::string_view id) const {
  struct stat named {};
  return ::fstatat(descriptor_.get(), token_name(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         file_id(named) == id;
}

std::string Directory::token_text() const {
  std::array<char, kMaxTokenText> buffer;  // NOLINT(*-member-init): it is read into
  std::string_view text = read_token(buffer).text;
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string{text};
}

Directory::TokenText Directory::read_token(std::span<char> buffer) const noexcept {
  const Descriptor file = open_token(descriptor_.get());
  if (!file) return {.text = {}, .call = "open", .system_errno = errno};
  const ssize_t got = read_some(file.get(), buffer);
  if (got < 0) return {.text = {}, .call = "pread", .system_errno = errno};
  return {.text = {buffer.data(), static_cast<std::size_t>(got)}};
}

}  // namespace mpiferry::disk
