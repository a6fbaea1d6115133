// The seam between what a job decides about files and the disks on which they lie.
//
// The calls of POSIX that jobs make, and no others. PosixStorage makes them of the kernel; the
// simulator has disks of its own, which can be slow, full or broken. The seam is as low as this so
// that the simulator plays names, locks, resuming and publication with the code that ships.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <time.h>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include "engine/base/units.hpp"

namespace mpiferry::storage {

// What is left of a quota. Nothing where nothing is limited.
struct QuotaLeft {
  std::optional<Bytes> space;
  std::optional<std::uint64_t> files;
};

// What this process may have open, and how large its files may become; the largest number if there
// is no limit.
struct ProcessLimits {
  std::uint64_t open_files = 0;  // RLIMIT_NOFILE, the soft limit
  Bytes file_size;               // RLIMIT_FSIZE, the soft limit
};

// A process, as other hosts can name it.
struct ProcessId {
  std::int64_t pid = 0;
  std::string host;
  // In ticks since the host started (/proc/PID/stat): a pid alone is used again.
  std::uint64_t started = 0;
  // Processes of different ones have different numbers for one another (/proc/self/ns/pid).
  std::uint64_t pid_namespace = 0;
  // Of its kernel (base/machine.hpp): machines may share a name, and start again.
  std::string boot = {};

  bool operator==(const ProcessId&) const = default;
};

// Where a path leads that leads to an open file and not to a name, such as /dev/stdout, /dev/fd/3
// and /proc/self/fd/1. What is open may well be a regular file; but whoever opened it goes on with
// that file, so nothing may be renamed over it.
struct DescriptorPath {
  int number = -1;
  bool own = false;  // of this process
};

// The names in a directory, one by one.
class Listing {
 public:
  enum class Type : std::uint8_t { unknown, regular, other };
  struct Entry {
    const char* name = "";  // valid until the next call
    Type type = Type::unknown;
  };

  Listing() = default;
  Listing(const Listing&) = delete;
  Listing& operator=(const Listing&) = delete;
  virtual ~Listing() = default;

  // Nothing at the end, errno being 0, or after a failure, with errno.
  virtual std::optional<Entry> next() = 0;
};

// Waits for a stream that has nothing yet.
class Readable {
 public:
  using Handler = std::function<void(boost::system::error_code)>;

  Readable() = default;
  Readable(const Readable&) = delete;
  Readable& operator=(const Readable&) = delete;
  virtual ~Readable() = default;

  // Calls `handler` from the event loop when the stream can be read, has ended or has failed;
  // operation_aborted after cancel(). One wait at a time.
  virtual void async_wait(Handler handler) = 0;
  virtual void cancel() = 0;
};

// Unless said otherwise each function does what the system call of its name does, takes what that
// takes, and returns what that returns: -1 (nullptr, nothing) on failure, with errno. A path that
// is not absolute begins at `directory`, which may be AT_FDCWD. Thread-safe.
class Storage {
 public:
  Storage() = default;
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  virtual ~Storage() = default;

  // `mode`: of a new file; the umask takes its bits.
  virtual int open_at(int directory, const char* path, int flags, mode_t mode) noexcept = 0;
  virtual int close(int file) noexcept = 0;
  // Another descriptor of the same open file (F_DUPFD_CLOEXEC).
  virtual int duplicate(int file) noexcept = 0;
  // The flags of the open file (F_GETFL, F_SETFL).
  virtual int flags(int file) noexcept = 0;
  virtual int set_flags(int file, int flags) noexcept = 0;

  virtual ssize_t read(int file, std::span<std::byte> out) noexcept = 0;
  virtual ssize_t read_at(int file, std::span<std::byte> out, off_t offset) noexcept = 0;
  virtual ssize_t write(int file, std::span<const std::byte> bytes) noexcept = 0;
  virtual ssize_t write_at(int file, std::span<const std::byte> bytes, off_t offset) noexcept = 0;
  virtual off_t seek(int file, off_t offset, int whence) noexcept = 0;
  virtual int truncate(int file, off_t size) noexcept = 0;
  virtual int allocate(int file, int mode, off_t offset, off_t length) noexcept = 0;

  virtual int sync(int file) noexcept = 0;
  virtual int sync_data(int file) noexcept = 0;
  virtual int sync_file_system(int file) noexcept = 0;
  // Hints. The first lets the disk begin with what was written (sync_file_range; length 0: to the
  // end), the second says that the file will be read from `offset` to its end.
  virtual void start_sync(int file, off_t offset, off_t length) noexcept = 0;
  virtual void advise_sequential(int file, off_t offset) noexcept = 0;

  // `flags`: AT_SYMLINK_NOFOLLOW or 0.
  virtual int stat_at(int directory, const char* path, struct stat& out, int flags) noexcept = 0;
  virtual int stat(int file, struct stat& out) noexcept = 0;
  // realpath: without links, and from the root.
  virtual std::optional<std::string> real_path(const char* path) = 0;
  // 0 if it cannot be told (statfs, f_type).
  virtual std::uint64_t file_system_type(int file) noexcept = 0;
  virtual int space(int file, struct statvfs& out) noexcept = 0;
  // Of this process's user and group, the lesser, for files that it makes in `directory`.
  virtual QuotaLeft quota_left(int directory) noexcept = 0;
  virtual ProcessLimits limits() noexcept = 0;
  // How many descriptors this process has; 0 if that cannot be told.
  virtual std::uint64_t open_files() noexcept = 0;

  virtual int make_directory(const char* path, mode_t mode) noexcept = 0;
  // renameat2 within a directory; `flags`: RENAME_NOREPLACE or 0.
  virtual int rename(int directory, const char* from, const char* to, unsigned flags) noexcept = 0;
  virtual int link(int directory, const char* from, const char* to) noexcept = 0;
  virtual int unlink(int directory, const char* name) noexcept = 0;
  virtual std::unique_ptr<Listing> list(int directory) = 0;

  // flock; `operation` with LOCK_NB, or LOCK_UN.
  virtual int lock(int file, int operation) noexcept = 0;
  // Whose locks and files these are, for messages.
  virtual ProcessId this_process() = 0;
  // Whether it still runs; nothing if that cannot be known from here: it is on another machine or
  // in another pid namespace, or /proc hides it.
  virtual std::optional<bool> runs(const ProcessId& process) = 0;
  // Lets whoever has a lock for a moment give it back.
  virtual void pause(std::chrono::milliseconds moment) noexcept = 0;

  virtual int set_owner(int file, uid_t user, gid_t group) noexcept = 0;
  virtual int set_mode(int file, mode_t mode) noexcept = 0;
  virtual int set_modified(int file, timespec time) noexcept = 0;
  // getxattr, fsetxattr, fremovexattr.
  virtual ssize_t attribute(const char* path, const char* name,
                            std::span<std::byte> out) noexcept = 0;
  virtual int set_attribute(int file, const char* name,
                            std::span<const std::byte> value) noexcept = 0;
  virtual int remove_attribute(int file, const char* name) noexcept = 0;

  // Nothing if `path` leads to a name. Links on the way are followed. It need not be open.
  virtual std::optional<DescriptorPath> descriptor_path(const std::string& path) = 0;
  // Of a stream: poll(2) for `events`, for so long at most; its `revents`, 0 if nothing came.
  virtual short poll(int file, short events, int milliseconds) noexcept = 0;
  // Lets a FIFO hold so many bytes, if it holds fewer and may hold them.
  virtual void widen_pipe(int file, int bytes) noexcept = 0;
  // For waits in `io`, which must outlive it, as the descriptor must. Throws if the reactor refuses
  // the descriptor.
  virtual std::unique_ptr<Readable> readable(boost::asio::io_context& io, int file) = 0;
};

}  // namespace mpiferry::storage
