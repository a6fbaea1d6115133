// Directory: the mark of a running job.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/file_id.hpp"
#include "engine/disk/new_name.hpp"
#include "engine/disk/unique_name.hpp"

namespace mpiferry::disk {
namespace {

// The name without a string: for C.
const char* token_name() noexcept { return kTokenName.data(); }

// O_NONBLOCK: a FIFO that someone put there must not stop us.
Descriptor open_token(int directory) noexcept {
  return Descriptor{
      ::openat(directory, token_name(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
}

ssize_t read_some(int descriptor, char* out, std::size_t size) noexcept {
  ssize_t got = 0;
  do {
    got = ::read(descriptor, out, size);
  } while (got < 0 && errno == EINTR);
  return got;
}

// Nobody holds it, or its file system has no locks.
bool is_dead(const Descriptor& token) noexcept {
  return ::flock(token.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

// Makes a new file with `text`, or none. The call that failed, with errno, or nullptr.
const char* write_new_file(int directory, const char* name, std::string_view text) {
  Descriptor file{
      ::openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666)};
  if (!file) return "open";
  const char* call = nullptr;
  int error = 0;
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

Outcome Directory::create_token(std::string_view text) const {
  const int directory = descriptor_.get();
  const std::string whole = unique_name(".mpiferry.job-");
  const char* call = write_new_file(directory, whole.c_str(), text);
  int error = errno;
  if (call == nullptr) {
    // link(2) fails if there is a token, and nobody sees half of ours.
    error = link_new(directory, whole.c_str(), token_name());
    if (error != 0) call = "link";
    ::unlinkat(directory, whole.c_str(), 0);
    // FAT, some FUSE: without links. Then others may see the token without its text for a moment.
    if (call != nullptr && lacks_links(error)) {
      call = write_new_file(directory, token_name(), text);
      error = errno;
    }
  }
  if (call == nullptr) return Nothing{};
  if (error != EEXIST) return destination_failure(Errc::dest_unusable, path_, call, error);
  Failure occupied;
  occupied.code = Errc::dest_occupied;
  occupied.path = path_of(kTokenName);
  occupied.detail = "a job is running here, or was killed";
  if (const std::string owner = token_text(); !owner.empty()) occupied.detail += ": " + owner;
  occupied.hint =
      "wait for that job; if it is dead, go on with --resume, or replace its files with --force";
  return occupied;
}

Descriptor Directory::hold_token(std::string_view text) const noexcept {
  if (!holds_token(text)) return Descriptor{};
  Descriptor token = open_token(descriptor_.get());
  if (token && ::flock(token.get(), LOCK_SH | LOCK_NB) != 0) return Descriptor{};
  return token;
}

Outcome Directory::check_nobody_holds_token() const {
  const Descriptor token = open_token(descriptor_.get());
  return !token || is_dead(token) ? Outcome{Nothing{}} : running();
}

// Not by its name alone: between a look and the removal another job may have begun here.
Outcome Directory::remove_dead_token() const {
  const Descriptor token = open_token(descriptor_.get());
  if (!token) return exists(kTokenName) ? remove(kTokenName) : Outcome{Nothing{}};  // a link
  if (!is_dead(token)) return running();
  struct stat named {};
  struct stat locked {};
  if (::fstatat(descriptor_.get(), token_name(), &named, AT_SYMLINK_NOFOLLOW) != 0 ||
      ::fstat(token.get(), &locked) != 0) {
    return Nothing{};  // gone
  }
  return is_same_file(named, locked) ? remove(kTokenName) : running();
}

Failure Directory::running() const {
  Failure running{.code = Errc::dest_occupied, .path = path_};
  running.detail = "a job is running here";
  if (const std::string owner = token_text(); !owner.empty()) running.detail += " (" + owner + ")";
  running.hint = "wait for that job, or name another destination";
  return running;
}

bool Directory::holds_token(std::string_view text) const noexcept {
  const Descriptor file = open_token(descriptor_.get());
  if (!file) return false;
  char buffer[256];
  for (;;) {
    const ssize_t got = read_some(file.get(), buffer, sizeof buffer);
    if (got < 0) return false;
    if (got == 0) return text.empty();
    const std::string_view here{buffer, static_cast<std::size_t>(got)};
    if (!text.starts_with(here)) return false;
    text.remove_prefix(here.size());
  }
}

void Directory::remove_token(std::string_view text) const noexcept {
  if (holds_token(text)) ::unlinkat(descriptor_.get(), token_name(), 0);
}

std::string Directory::token_text() const {
  const Descriptor file = open_token(descriptor_.get());
  if (!file) return {};
  char buffer[256];  // enough for a job id, a pid and a host; more is not ours
  const ssize_t got = read_some(file.get(), buffer, sizeof buffer);
  std::string_view text{buffer, static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text.empty() ? std::string{} : mpiferry::quoted(text);
}

}  // namespace mpiferry::disk
