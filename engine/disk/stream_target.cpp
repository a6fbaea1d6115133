#include "engine/disk/stream_target.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "engine/disk/destination_failure.hpp"
#include "engine/storage/file.hpp"

namespace mpiferry::disk {
namespace {

constexpr int kPatience = 100;  // milliseconds between two looks whether to stop

Failure unusable(const std::string& path, const char* call, int system_errno) {
  return destination_failure(Errc::dest_unusable, path, call, system_errno);
}

// Of a path that leads to something.
Outcome check_kind(const std::string& path, mode_t mode, bool force) {
  if (S_ISSOCK(mode)) {
    Failure refused = unusable(path, "open", ENXIO);
    refused.detail = "a socket, which cannot be written to";
    refused.hint = "name a file, a FIFO or a device";
    return refused;
  }
  if (S_ISBLK(mode) && !force) {
    return Failure{.code = Errc::dest_occupied,
                   .path = path,
                   .detail = "a block device, whose content would be lost",
                   .hint = "name a file, or overwrite the device with `force`"};
  }
  return Nothing{};
}

}  // namespace

bool is_stream_target(storage::Storage& storage, const std::string& path) {
  if (path == "-" || storage.descriptor_path(path)) return true;
  struct stat status {};
  return storage.stat_at(AT_FDCWD, path.c_str(), status, 0) == 0 && !S_ISREG(status.st_mode) &&
         !S_ISDIR(status.st_mode);
}

StreamTarget::StreamTarget(storage::Storage& storage, int number, storage::File owned) noexcept
    : storage_(&storage), owned_(std::move(owned)), number_(number) {}

// What this process was started with, or has opened itself.
Result<StreamTarget> StreamTarget::open_descriptor(storage::Storage& storage,
                                                   const std::string& name, int number) {
  const int flags = storage.flags(number);
  if (flags < 0) return unusable(name, "fcntl", errno);
  if ((flags & O_ACCMODE) == O_RDONLY) return unusable(name, "write", EBADF);
  StreamTarget target{storage, number, storage::File{}};
  if (!target.non_blocking_.set(storage, number)) return unusable(name, "fcntl", errno);
  return target;
}

Result<StreamTarget> StreamTarget::open(storage::Storage& storage, const std::string& path,
                                        Bytes size, bool force) {
  if (path == "-") return open_descriptor(storage, "standard output", STDOUT_FILENO);
  const auto opened = storage.descriptor_path(path);
  if (opened && opened->own) return open_descriptor(storage, path, opened->number);
  struct stat status {};
  if (storage.stat_at(AT_FDCWD, path.c_str(), status, 0) != 0) return unusable(path, "stat", errno);
  if (Outcome kind = check_kind(path, status.st_mode, force); !kind) return std::move(kind.error());
  // O_NONBLOCK: opening a FIFO that nobody reads would wait for ever. O_APPEND: what another
  // process has open may be a regular file. O_EXCL: of a block device, whether it is mounted.
  const int extra = S_ISBLK(status.st_mode) ? O_EXCL : opened ? O_APPEND : 0;
  const int number = storage.open_at(AT_FDCWD, path.c_str(),
                                     O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | extra, 0);
  const int error = errno;
  StreamTarget target{storage, number, storage::File{storage, number}};
  if (number < 0) {
    Failure refused = unusable(path, "open", error);
    if (error == ENXIO && S_ISFIFO(status.st_mode)) {
      refused.detail = "nobody reads this FIFO";
      refused.hint = "start its reader before the job";
    }
    if (error == EBUSY) {
      refused.detail = "the device is in use, perhaps mounted";
      refused.hint = "unmount it, or name another device";
    }
    return refused;
  }
  if (S_ISBLK(status.st_mode)) {
    const off_t capacity = storage.seek(number, 0, SEEK_END);
    storage.seek(number, 0, SEEK_SET);
    if (capacity >= 0 && static_cast<std::uint64_t>(capacity) < size.value) {
      return unusable(path, "lseek", ENOSPC);
    }
  }
  return target;
}

WriteError StreamTarget::write(std::span<const std::byte> bytes,
                               const std::atomic<bool>& stop) noexcept {
  constexpr std::size_t kMaxWrite = std::numeric_limits<ssize_t>::max();
  while (!bytes.empty()) {
    if (stop) return {Call::append, ECANCELED};
    const ssize_t put = storage_->write(number_, bytes.first(std::min(bytes.size(), kMaxWrite)));
    if (put > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    } else if (put == 0) {
      return {Call::append, ENOSPC};
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      static_cast<void>(storage_->poll(number_, POLLOUT, kPatience));
    } else if (errno != EINTR) {
      return {Call::append, errno};
    }
  }
  return {};
}

WriteError StreamTarget::finish(bool durable) noexcept {
  while (durable && storage_->sync(number_) != 0) {
    if (errno == EINVAL || errno == EROFS || errno == EBADF) break;  // nothing that can be synced
    if (errno != EINTR) return {Call::sync, errno};
  }
  const int error = owned_.close();
  return error == 0 ? WriteError{} : WriteError{Call::close, error};
}

}  // namespace mpiferry::disk
