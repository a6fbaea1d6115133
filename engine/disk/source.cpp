#include "engine/disk/source.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <iterator>
#include <limits>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "engine/disk/allocated_bytes.hpp"
#include "engine/disk/data_extents.hpp"
#include "engine/disk/destination_failure.hpp"
#include "engine/disk/file_id.hpp"
#include "engine/disk/read_at.hpp"
#include "engine/storage/file.hpp"

namespace mpiferry::disk {
namespace {

constexpr std::size_t kMaxRead = std::numeric_limits<ssize_t>::max();

// What Linux lets everybody ask for, unless an administrator said otherwise (pipe(7)); the default
// is 64 KiB.
constexpr int kPipeSize = 1 << 20;  // bytes, as fcntl takes them

// What a FIFO's read of 0 bytes means.
enum class Silence { end, more, no_writer_yet };

// read(2) on a FIFO says 0 both before the first writer and after the last. poll(2) tells them
// apart: Linux reports POLLHUP only to a reader that has had a writer.
Silence silence_of(storage::Storage& storage, int number) noexcept {
  const short events = storage.poll(number, POLLIN, 0);
  if ((events & POLLIN) != 0) return Silence::more;
  return (events & (POLLHUP | POLLERR | POLLNVAL)) != 0 ? Silence::end : Silence::no_writer_yet;
}

// Of files whose size is a page, or 0, whatever they hold; linux/magic.h.
bool knows_no_sizes(std::uint64_t file_system_type) noexcept {
  static constexpr std::uint64_t kKinds[] = {
      0x62656572,  // sysfs
      0x9fa0,      // proc
      0x64626720,  // debugfs
      0x74726163,  // tracefs
      0x62656570,  // configfs
      0x73636673,  // securityfs
      0x27e0eb,    // cgroup
      0x63677270,  // cgroup2
  };
  return std::ranges::find(kKinds, file_system_type) != std::end(kKinds);
}

std::string count(std::uint64_t bytes) { return std::to_string(bytes); }

}  // namespace

Source::Source(storage::Storage& storage, boost::asio::io_context& io, std::string path, int number,
               storage::File owned) noexcept
    : storage_(&storage),
      io_(&io),
      path_(std::move(path)),
      owned_(std::move(owned)),
      number_(number) {}

Result<Source> Source::open(storage::Storage& storage, boost::asio::io_context& io,
                            const std::string& path) {
  return path == "-" ? open_standard_input(storage, io) : open_path(storage, io, path);
}

Result<Source> Source::open_path(storage::Storage& storage, boost::asio::io_context& io,
                                 const std::string& path) {
  // O_NONBLOCK: a FIFO without a writer must not stop us here.
  const int number =
      storage.open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
  const int error = errno;
  Source source{storage, io, path, number, storage::File{storage, number}};
  if (number < 0) {
    struct stat status {};
    Failure failure = source.failure(Errc::source_unreadable, "open", error);
    if (error == ENOENT || error == ENOTDIR) {
      failure.code = Errc::source_not_found;
      failure.hint = "check the name: rank 0 looks it up from the directory it was started in";
      if (storage.stat_at(AT_FDCWD, path.c_str(), status, AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISLNK(status.st_mode)) {
        failure.detail = "a symbolic link to nothing";
        failure.hint = "repair the link or name the file itself";
      }
    } else if (error == ENXIO && storage.stat_at(AT_FDCWD, path.c_str(), status, 0) == 0 &&
               S_ISSOCK(status.st_mode)) {
      failure.code = Errc::source_not_a_file;
      failure.hint = "name a file, a FIFO or a device, or pipe the data to standard input";
    } else if (error == EACCES || error == EPERM) {
      failure.hint = "check the permissions of the file and of the directories above it";
    }
    return failure;
  }
  if (Outcome outcome = source.examine(); !outcome) return std::move(outcome.error());
  return source;
}

Result<Source> Source::open_standard_input(storage::Storage& storage, boost::asio::io_context& io) {
  Source source{storage, io, "-", STDIN_FILENO, storage::File{}};
  const int flags = storage.flags(STDIN_FILENO);
  const int error = flags < 0 ? errno : EBADF;
  if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY) {
    Failure failure = source.failure(Errc::source_unreadable, "fcntl", error);
    failure.detail =
        flags < 0 ? "standard input is closed" : "standard input is open for writing only";
    failure.hint = "redirect a file or a pipe to it, or name a file";
    return failure;
  }
  if (Outcome outcome = source.examine(); !outcome) return std::move(outcome.error());
  if (source.is_stream() && !source.non_blocking_.set(storage, STDIN_FILENO))
    return source.failure(Errc::source_unreadable, "fcntl", errno);
  return source;
}

// Finds out what was opened: its kind, size and identity.
Outcome Source::examine() {
  const bool standard_input = !owned_;
  struct stat status {};
  if (storage_->stat(number_, status) != 0) return failure(Errc::source_unreadable, "fstat", errno);
  const mode_t mode = status.st_mode;
  const bool stream = S_ISFIFO(mode) || S_ISCHR(mode) || (S_ISSOCK(mode) && standard_input);
  if (!stream && !S_ISREG(mode) && !S_ISBLK(mode)) {
    Failure wrong = failure(Errc::source_not_a_file, "open", S_ISDIR(mode) ? EISDIR : 0);
    wrong.hint = "name a file, a FIFO or a device";
    return wrong;
  }
  may_lack_writer_ = S_ISFIFO(mode) && !standard_input;
  // Room for the writer to go on while we are away. If it may not be so large, it stays as it is.
  if (S_ISFIFO(mode)) storage_->widen_pipe(number_, kPipeSize);
  if (stream) return Nothing{};

  if (S_ISREG(mode) && knows_no_sizes(storage_->file_system_type(number_))) return Nothing{};
  const off_t position = storage_->seek(number_, 0, SEEK_CUR);
  off_t end = status.st_size;
  if (S_ISBLK(mode)) {  // fstat says 0
    end = storage_->seek(number_, 0, SEEK_END);
    if (end >= 0) storage_->seek(number_, position, SEEK_SET);
  }
  if (position < 0 || end < 0) return failure(Errc::source_unreadable, "lseek", errno);
  start_ = static_cast<std::uint64_t>(position);
  if (end == 0) {  // what claims to be empty and is not, is a stream: /proc
    std::byte byte{};
    const ReadAt first = read_at(*storage_, number_, Bytes{start_}, {&byte, 1});
    if (first.system_errno != 0) {
      return failure(Errc::source_read_failed, "pread", first.system_errno);
    }
    if (first.bytes > 0) return Nothing{};
  }
  size_ = Bytes{static_cast<std::uint64_t>(std::max<off_t>(end - position, 0))};
  if (S_ISREG(mode)) {
    identity_ = Identity{status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
    id_ = file_id(status);
    shared_id_ = shared_file_id(status);
    attributes_ = {.mode = status.st_mode & 07777U,
                   .uid = status.st_uid,
                   .gid = status.st_gid,
                   .mtime_seconds = status.st_mtim.tv_sec,
                   .mtime_nanoseconds = static_cast<std::uint32_t>(status.st_mtim.tv_nsec)};
  }
  // Doubles the kernel's read-ahead. POSIX_FADV_WILLNEED a chunk or two ahead of the position was
  // measured beside it, cold, with 2 ms of other work a chunk, at read_ahead_kb 128 and 8192: no
  // gain above the spread, and up to 15 % of the time went into the calls.
  storage_->advise_sequential(number_, position);
  return Nothing{};
}

bool Source::has_input() const noexcept { return storage_->poll(number_, POLLIN, 0) != 0; }

Result<ReadResult> Source::read(Bytes offset, std::span<std::byte> out) {
  return is_stream() ? read_stream(out) : read_file(offset, out);
}

Result<ReadResult> Source::read_file(Bytes offset, std::span<std::byte> out) const {
  if (offset >= *size_) return ReadResult{.end = true};
  const std::uint64_t rest = (*size_ - offset).value;
  const std::size_t wanted = rest < out.size() ? static_cast<std::size_t>(rest) : out.size();
  const std::uint64_t position = start_ + offset.value;
  const ReadAt read = read_at(*storage_, number_, Bytes{position}, out.first(wanted));
  if (read.system_errno != 0) {
    // ESTALE: an NFS server no longer has the file that was opened.
    Failure stopped =
        failure(read.system_errno == ESTALE ? Errc::source_changed : Errc::source_read_failed,
                "pread", read.system_errno);
    stopped.detail = "at byte " + count(position + read.bytes);
    return stopped;
  }
  if (read.bytes < wanted) return ends_early(position + read.bytes);
  return ReadResult{.bytes = wanted, .end = wanted == rest};
}

Result<ReadResult> Source::read_stream(std::span<std::byte> out) {
  if (ended_) return ReadResult{.end = true};
  if (out.empty()) return ReadResult{};
  for (;;) {
    const ssize_t got = storage_->read(number_, out.first(std::min(out.size(), kMaxRead)));
    if (got > 0) {
      may_lack_writer_ = false;
      return ReadResult{.bytes = static_cast<std::size_t>(got)};
    }
    if (got == 0) {
      const Silence silence = may_lack_writer_ ? silence_of(*storage_, number_) : Silence::end;
      if (silence == Silence::more) continue;
      if (silence == Silence::no_writer_yet) return ReadResult{.would_block = true};
      ended_ = true;
      return ReadResult{.end = true};
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return ReadResult{.would_block = true};
    if (errno != EINTR) return failure(Errc::source_read_failed, "read", errno);
  }
}

// Standard input shares its position with others: it is put back.
std::vector<Extent> Source::data() const {
  struct stat status {};
  if (!identity_ || storage_->stat(number_, status) != 0) return {};
  if (allocated_bytes(status).value >= static_cast<std::uint64_t>(status.st_size)) return {};
  const off_t position = storage_->seek(number_, 0, SEEK_CUR);
  auto found = data_extents(*storage_, number_, Bytes{start_}, Bytes{start_ + size_->value});
  storage_->seek(number_, position, SEEK_SET);
  if (!found) return {};  // it cannot tell: all of it
  std::vector<Extent> extents = std::move(*found);
  if (extents.empty()) extents.push_back({0_B, 0_B});  // nothing but a hole
  const bool whole = extents.size() == 1 && extents.front() == Extent{0_B, *size_};
  return whole ? std::vector<Extent>{} : extents;
}

Outcome Source::check_unchanged(bool mtime) const {
  if (!identity_) return Nothing{};
  struct stat status {};
  if (storage_->stat(number_, status) != 0) {
    return failure(errno == ESTALE ? Errc::source_changed : Errc::source_read_failed, "fstat",
                   errno);
  }
  Identity now{status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  if (!mtime) {
    now.mtime_seconds = identity_->mtime_seconds;
    now.mtime_nanoseconds = identity_->mtime_nanoseconds;
  }
  if (now == *identity_) return Nothing{};
  if (now.size < identity_->size) return shrunk(static_cast<std::uint64_t>(now.size));
  Failure changed = shrunk(0);
  changed.detail = now.size > identity_->size
                       ? "grew from " + std::to_string(identity_->size) + " to " +
                             std::to_string(now.size) + " bytes while it was read"
                       : "was written to while it was read (its modification time changed)";
  if (now.size == identity_->size) {
    changed.hint =
        "run it again when nothing writes to the source; where its file system changes such times "
        "by itself, compare the bytes with `source_check` digest";
  }
  return changed;
}

storage::Readable& Source::readable() {
  if (!readable_) readable_ = storage_->readable(*io_, number_);
  return *readable_;
}

// The file ends before its size. If it still has that size, the size says nothing.
Failure Source::ends_early(std::uint64_t end) const {
  struct stat status {};
  Failure failed = shrunk(end);
  if (identity_ && storage_->stat(number_, status) == 0 && status.st_size == identity_->size) {
    failed.code = Errc::source_read_failed;
    failed.detail = "says that it has " + count(start_ + size_->value) + " bytes, and ends after " +
                    count(end) + ": its file system does not know sizes";
    failed.hint = "send it as a stream: through a FIFO, or cat FILE | ... scatter -";
  }
  return failed;
}

// `end`: where the file ended, from its very start.
Failure Source::shrunk(std::uint64_t end) const {
  Failure changed = failure(Errc::source_changed, "", 0);
  changed.detail = "shrank from " + count(start_ + size_->value) + " to " + count(end) +
                   " bytes while it was read";
  changed.hint = "run it again when nothing writes to the source";
  return changed;
}

Failure Source::failure(Errc code, const char* call, int system_errno) const {
  Failure result;
  result.code = code;
  result.path = path_;
  result.call = call;
  result.system_errno = system_errno;
  result.hint = system_hint(system_errno);
  return result;
}

}  // namespace mpiferry::disk
