#include "engine/disk/free_space.hpp"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <limits>
#include <memory>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "engine/disk/allocated_bytes.hpp"
#include "engine/disk/data_extents.hpp"
#include "engine/disk/descriptor.hpp"
#include "engine/disk/destination_failure.hpp"
#include "engine/disk/quota.hpp"

namespace mpiferry::disk {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

// Some FUSE file systems call themselves endless.
std::uint64_t product(std::uint64_t blocks, std::uint64_t size) noexcept {
  return size != 0 && blocks > kMax / size ? kMax : blocks * size;
}

std::uint64_t soft_limit(__rlimit_resource_t resource) noexcept {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kMax;
  return limit.rlim_cur;
}

}  // namespace

Result<FreeSpace> free_space_at(const Directory& directory) {
  struct stat status {};
  struct statvfs system {};
  const char* call = nullptr;
  if (::fstat(directory.descriptor(), &status) != 0) {
    call = "fstat";
  } else if (::fstatvfs(directory.descriptor(), &system) != 0) {
    call = "fstatvfs";
  }
  if (call != nullptr) {
    return destination_failure(Errc::dest_unusable, directory.path(), call, errno);
  }
  const QuotaLeft quota = quota_left(directory.descriptor());
  FreeSpace space;
  space.quota_left = quota.space;
  space.inodes = quota.files;
  space.file_system = status.st_dev;
  if (system.f_blocks != 0) space.available = Bytes{product(system.f_bavail, system.f_frsize)};
  // btrfs and others make inodes as they need them, and say 0.
  if (system.f_files != 0) {
    space.inodes = std::min<std::uint64_t>(system.f_favail, space.inodes.value_or(kMax));
  }
  return space;
}

std::optional<FileSpace> space_of(const Directory& directory, const std::string& name) noexcept {
  struct stat status {};
  if (::fstatat(directory.descriptor(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(status.st_mode)) {
    return std::nullopt;
  }
  return FileSpace{Bytes{static_cast<std::uint64_t>(status.st_size)}, allocated_bytes(status)};
}

std::optional<Bytes> filled_space_of(const Directory& directory, const std::string& name) {
  const auto space = space_of(directory, name);
  const Descriptor file{::openat(directory.descriptor(), name.c_str(),
                                 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  if (!space || !file) return space ? std::optional{space->allocated} : std::nullopt;
  const auto extents = data_extents(file.get(), 0_B, space->size);
  if (!extents) return space->size;
  Bytes filled;
  for (const Extent& extent : *extents) filled += extent.length;
  return std::max(space->allocated, filled);
}

std::uint64_t open_file_limit() noexcept { return soft_limit(RLIMIT_NOFILE); }

Bytes file_size_limit() noexcept { return Bytes{soft_limit(RLIMIT_FSIZE)}; }

std::uint64_t open_files() noexcept {
  struct Close {
    void operator()(DIR* entries) const noexcept { ::closedir(entries); }
  };
  const std::unique_ptr<DIR, Close> entries{::opendir("/proc/self/fd")};
  if (!entries) return errno == EMFILE ? open_file_limit() : 0;
  std::uint64_t names = 0;
  while (::readdir(entries.get()) != nullptr) ++names;
  constexpr std::uint64_t kOthers = 3;  // ".", ".." and the descriptor that reads them
  return names - std::min(names, kOthers);
}

}  // namespace mpiferry::disk
