#include "tests/simulation/disk/rank_storage.hpp"

#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <poll.h>
#include <string_view>
#include <sys/statvfs.h>
#include <utility>

namespace mpiferry::simulation {

RankStorage::RankStorage(Disk& disk, storage::ProcessId process)
    : disk_(disk),
      process_(std::move(process)),
      dice_(disk.world_, disk.faults),
      own_dice_(disk.world_, faults) {
  disk_.processes_.push_back(process_);
}

void RankStorage::die() noexcept {
  if (std::exchange(dead_, true)) return;
  open_.clear();
  std::erase(disk_.processes_, process_);
}

// nullptr, with errno, if nothing is open there.
OpenFile* RankStorage::find(int file) noexcept {
  const auto found = open_.find(file);
  if (found != open_.end()) return found->second.get();
  errno = dead_ ? EIO : EBADF;
  if (!dead_ && file >= 0) ++misused_;
  return nullptr;
}

int RankStorage::add(std::shared_ptr<OpenFile> file) {
  open_.emplace(++disk_.last_descriptor_, std::move(file));
  return disk_.last_descriptor_;
}

Place RankStorage::look_up(int directory, const char* path) noexcept {
  if (dead_) return {.error = EIO};
  if (directory == AT_FDCWD || *path == '/') return disk_.tree_.look_up(disk_.tree_.root(), path);
  const OpenFile* const open = find(directory);
  if (open == nullptr) return {.error = errno};
  if (!open->inode()->is_directory()) return {.error = ENOTDIR};
  return disk_.tree_.look_up(open->inode(), path);
}

// 0, or the errno of what goes wrong in this call.
int RankStorage::fault(Error error, bool interruptible) {
  if (dead_) return EIO;
  if (interruptible && dice_.interrupts()) return EINTR;
  if (error == Error::none) return 0;
  const bool writes = error == Error::io_or_space;
  const int of_disk = dice_.error(writes);
  const int number = of_disk != 0 ? of_disk : own_dice_.error(writes);
  if (number != 0) ++injected_;
  return number;
}

int RankStorage::open_at(int directory, const char* path, int flags, mode_t mode) noexcept {
  Place place = look_up(directory, path);
  if ((flags & O_CREAT) != 0) {
    if (const int error = fault(Error::io, false); error != 0) return done(-error);
  }
  if (const int error = disk_.tree_.open(place, flags, mode); error != 0) return done(error);
  return add(std::make_shared<OpenFile>(disk_.tree_, std::move(place.found), flags));
}

int RankStorage::close(int file) noexcept {
  if (find(file) == nullptr) return -1;
  open_.erase(file);
  return 0;
}

int RankStorage::duplicate(int file) noexcept {
  return find(file) == nullptr ? -1 : add(open_.find(file)->second);
}

int RankStorage::flags(int file) noexcept {
  const OpenFile* const open = find(file);
  return open == nullptr ? -1 : open->flags();
}

int RankStorage::set_flags(int file, int flags) noexcept {
  OpenFile* const open = find(file);
  if (open == nullptr) return -1;
  open->set_flags(flags);
  return 0;
}

int RankStorage::make_directory(const char* path, mode_t mode) noexcept {
  return done(disk_.tree_.make_directory(look_up(AT_FDCWD, path), mode));
}

// Notes the name that a call has made, if its `result` is 0.
int RankStorage::named(int directory, const char* name, int result) noexcept {
  if (result == 0) disk_.on_named(disk_.tree_.path_of(look_up(directory, name)));
  return done(result);
}

int RankStorage::rename(int directory, const char* from, const char* to, unsigned flags) noexcept {
  if (const int error = fault(Error::io, false); error != 0) return done(-error);
  return named(directory, to,
               disk_.tree_.rename(look_up(directory, from), look_up(directory, to), flags));
}

int RankStorage::link(int directory, const char* from, const char* to) noexcept {
  return named(directory, to, disk_.tree_.link(look_up(directory, from), look_up(directory, to)));
}

int RankStorage::unlink(int directory, const char* name) noexcept {
  return done(disk_.tree_.unlink(look_up(directory, name)));
}

storage::ProcessLimits RankStorage::limits() noexcept {
  constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
  return {.open_files = kNone, .file_size = Bytes{kNone}};
}

std::optional<bool> RankStorage::runs(const storage::ProcessId& process) {
  const bool near = process.host == process_.host && process.boot == process_.boot &&
                    process.pid_namespace == process_.pid_namespace;
  return near ? std::optional{disk_.alive(process)} : std::nullopt;
}

short RankStorage::poll(int file, short events, int /*milliseconds*/) noexcept {
  const OpenFile* const open = find(file);
  if (open == nullptr) return POLLNVAL;
  if (open->inode()->is_fifo()) return open->inode()->pipe->poll(events);
  return static_cast<short>(events & (POLLIN | POLLOUT));
}

void RankStorage::widen_pipe(int file, int bytes) noexcept {
  const OpenFile* const open = find(file);
  if (open != nullptr && open->inode()->is_fifo()) {
    open->inode()->pipe->widen(static_cast<std::size_t>(bytes));
  }
}

std::unique_ptr<storage::Readable> RankStorage::readable(boost::asio::io_context& io, int file) {
  const OpenFile* const open = find(file);
  const int error = open == nullptr ? errno : open->inode()->is_fifo() ? 0 : EPERM;
  if (error != 0) {
    throw boost::system::system_error{error, boost::system::system_category(), "readable"};
  }
  return Pipe::readable(open->inode()->pipe, io);
}

}  // namespace mpiferry::simulation
