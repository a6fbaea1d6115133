#include "engine/posix/posix_storage.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <limits>
#include <poll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "engine/posix/descriptor.hpp"
#include "engine/posix/descriptor_path.hpp"
#include "engine/posix/process.hpp"
#include "engine/posix/quota.hpp"

namespace mpiferry::posix {
namespace {

std::uint64_t soft_limit(__rlimit_resource_t resource) noexcept {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kMax;
  return limit.rlim_cur;
}

struct CloseDirectory {
  void operator()(DIR* entries) const noexcept { ::closedir(entries); }
};
using DirectoryStream = std::unique_ptr<DIR, CloseDirectory>;

class PosixListing final : public storage::Listing {
 public:
  explicit PosixListing(DirectoryStream entries) noexcept : entries_(std::move(entries)) {}

  std::optional<Entry> next() override {
    errno = 0;
    const dirent* const entry = ::readdir(entries_.get());
    if (entry == nullptr) return std::nullopt;
    return Entry{entry->d_name, entry->d_type == DT_UNKNOWN ? Type::unknown
                                : entry->d_type == DT_REG   ? Type::regular
                                                            : Type::other};
  }

 private:
  DirectoryStream entries_;
};

class PosixReadable final : public storage::Readable {
 public:
  PosixReadable(boost::asio::io_context& io, int file) : stream_(io, file) {}
  // Out of the reactor, and not closed: it is not ours.
  ~PosixReadable() override {
    if (stream_.is_open()) stream_.release();
  }

  void async_wait(Handler handler) override {
    stream_.async_wait(boost::asio::posix::stream_descriptor::wait_read, std::move(handler));
  }
  void cancel() override { stream_.cancel(); }

 private:
  boost::asio::posix::stream_descriptor stream_;
};

}  // namespace

int PosixStorage::open_at(int directory, const char* path, int flags, mode_t mode) noexcept {
  return ::openat(directory, path, flags, mode);
}
int PosixStorage::close(int file) noexcept { return ::close(file); }
int PosixStorage::duplicate(int file) noexcept { return ::fcntl(file, F_DUPFD_CLOEXEC, 0); }
int PosixStorage::flags(int file) noexcept { return ::fcntl(file, F_GETFL); }
int PosixStorage::set_flags(int file, int flags) noexcept { return ::fcntl(file, F_SETFL, flags); }

ssize_t PosixStorage::read(int file, std::span<std::byte> out) noexcept {
  return ::read(file, out.data(), out.size());
}
ssize_t PosixStorage::read_at(int file, std::span<std::byte> out, off_t offset) noexcept {
  return ::pread(file, out.data(), out.size(), offset);
}
ssize_t PosixStorage::write(int file, std::span<const std::byte> bytes) noexcept {
  return ::write(file, bytes.data(), bytes.size());
}
ssize_t PosixStorage::write_at(int file, std::span<const std::byte> bytes, off_t offset) noexcept {
  return ::pwrite(file, bytes.data(), bytes.size(), offset);
}
off_t PosixStorage::seek(int file, off_t offset, int whence) noexcept {
  return ::lseek(file, offset, whence);
}
int PosixStorage::truncate(int file, off_t size) noexcept { return ::ftruncate(file, size); }
int PosixStorage::allocate(int file, int mode, off_t offset, off_t length) noexcept {
  return ::fallocate(file, mode, offset, length);
}

int PosixStorage::sync(int file) noexcept { return ::fsync(file); }
int PosixStorage::sync_data(int file) noexcept { return ::fdatasync(file); }
int PosixStorage::sync_file_system(int file) noexcept { return ::syncfs(file); }
void PosixStorage::start_sync(int file, off_t offset, off_t length) noexcept {
  ::sync_file_range(file, offset, length, SYNC_FILE_RANGE_WRITE);
}
void PosixStorage::advise_sequential(int file, off_t offset) noexcept {
  ::posix_fadvise(file, offset, 0, POSIX_FADV_SEQUENTIAL);
}

int PosixStorage::stat_at(int directory, const char* path, struct stat& out, int flags) noexcept {
  return ::fstatat(directory, path, &out, flags);
}
int PosixStorage::stat(int file, struct stat& out) noexcept { return ::fstat(file, &out); }
std::optional<std::string> PosixStorage::real_path(const char* path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  if (!error) return real.string();
  errno = error.value();
  return std::nullopt;
}
std::uint64_t PosixStorage::file_system_type(int file) noexcept {
  struct statfs status {};
  if (::fstatfs(file, &status) != 0) return 0;
  return static_cast<std::uint32_t>(status.f_type);  // signed on some machines
}
int PosixStorage::space(int file, struct statvfs& out) noexcept { return ::fstatvfs(file, &out); }
storage::QuotaLeft PosixStorage::quota_left(int directory) noexcept {
  return posix::quota_left(directory);
}
storage::ProcessLimits PosixStorage::limits() noexcept {
  return {.open_files = soft_limit(RLIMIT_NOFILE), .file_size = Bytes{soft_limit(RLIMIT_FSIZE)}};
}
std::uint64_t PosixStorage::open_files() noexcept {
  const DirectoryStream entries{::opendir("/proc/self/fd")};
  if (!entries) return errno == EMFILE ? limits().open_files : 0;
  std::uint64_t names = 0;
  while (::readdir(entries.get()) != nullptr) ++names;
  constexpr std::uint64_t kOthers = 3;  // ".", ".." and the descriptor that reads them
  return names - std::min(names, kOthers);
}

int PosixStorage::make_directory(const char* path, mode_t mode) noexcept {
  return ::mkdir(path, mode);
}
int PosixStorage::rename(int directory, const char* from, const char* to, unsigned flags) noexcept {
  // Not renameat2 where it is not needed: old kernels and some seccomp filters lack it.
  return flags == 0 ? ::renameat(directory, from, directory, to)
                    : ::renameat2(directory, from, directory, to, flags);
}
int PosixStorage::link(int directory, const char* from, const char* to) noexcept {
  return ::linkat(directory, from, directory, to, 0);
}
int PosixStorage::unlink(int directory, const char* name) noexcept {
  return ::unlinkat(directory, name, 0);
}
// By a description of its own: the directory's position would be shared between listings.
std::unique_ptr<storage::Listing> PosixStorage::list(int directory) {
  Descriptor descriptor{::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  DirectoryStream entries{descriptor ? ::fdopendir(descriptor.get()) : nullptr};
  if (!entries) return nullptr;
  descriptor.release();
  return std::make_unique<PosixListing>(std::move(entries));
}

int PosixStorage::lock(int file, int operation) noexcept { return ::flock(file, operation); }
storage::ProcessId PosixStorage::this_process() { return posix::this_process(); }
std::optional<bool> PosixStorage::runs(const storage::ProcessId& process) {
  return posix::runs(process);
}
void PosixStorage::pause(std::chrono::milliseconds moment) noexcept {
  std::this_thread::sleep_for(moment);
}

int PosixStorage::set_owner(int file, uid_t user, gid_t group) noexcept {
  return ::fchown(file, user, group);
}
int PosixStorage::set_mode(int file, mode_t mode) noexcept { return ::fchmod(file, mode); }
int PosixStorage::set_modified(int file, timespec time) noexcept {
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, time};
  return ::futimens(file, times);
}
ssize_t PosixStorage::attribute(const char* path, const char* name,
                                std::span<std::byte> out) noexcept {
  return ::getxattr(path, name, out.data(), out.size());
}
int PosixStorage::set_attribute(int file, const char* name,
                                std::span<const std::byte> value) noexcept {
  return ::fsetxattr(file, name, value.data(), value.size(), 0);
}
int PosixStorage::remove_attribute(int file, const char* name) noexcept {
  return ::fremovexattr(file, name);
}

std::optional<storage::DescriptorPath> PosixStorage::descriptor_path(const std::string& path) {
  return posix::descriptor_path(path);
}
short PosixStorage::poll(int file, short events, int milliseconds) noexcept {
  pollfd entry{file, events, 0};
  return ::poll(&entry, 1, milliseconds) > 0 ? entry.revents : short{0};
}
void PosixStorage::widen_pipe(int file, int bytes) noexcept {
  if (::fcntl(file, F_GETPIPE_SZ) < bytes) ::fcntl(file, F_SETPIPE_SZ, bytes);
}
std::unique_ptr<storage::Readable> PosixStorage::readable(boost::asio::io_context& io, int file) {
  return std::make_unique<PosixReadable>(io, file);
}

}  // namespace mpiferry::posix
