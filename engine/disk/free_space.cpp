#include "engine/disk/free_space.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "engine/disk/allocated_bytes.hpp"
#include "engine/disk/data_extents.hpp"
#include "engine/disk/destination_failure.hpp"
#include "engine/storage/file.hpp"

namespace mpiferry::disk {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

// Some FUSE file systems call themselves endless.
std::uint64_t product(std::uint64_t blocks, std::uint64_t size) noexcept {
  return size != 0 && blocks > kMax / size ? kMax : blocks * size;
}

}  // namespace

Result<FreeSpace> free_space_at(const Directory& directory) {
  storage::Storage& storage = directory.storage();
  struct stat status {};
  struct statvfs system {};
  const char* call = nullptr;
  if (storage.stat(directory.descriptor(), status) != 0) {
    call = "fstat";
  } else if (storage.space(directory.descriptor(), system) != 0) {
    call = "fstatvfs";
  }
  if (call != nullptr) {
    return destination_failure(Errc::dest_unusable, directory.path(), call, errno);
  }
  const storage::QuotaLeft quota = storage.quota_left(directory.descriptor());
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
  if (directory.storage().stat_at(directory.descriptor(), name.c_str(), status,
                                  AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(status.st_mode)) {
    return std::nullopt;
  }
  return FileSpace{Bytes{static_cast<std::uint64_t>(status.st_size)}, allocated_bytes(status)};
}

std::optional<Bytes> filled_space_of(const Directory& directory, const std::string& name) {
  const auto space = space_of(directory, name);
  const auto file = storage::File::open(directory.storage(), directory.descriptor(), name.c_str(),
                                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (!space || !file) return space ? std::optional{space->allocated} : std::nullopt;
  const auto extents = data_extents(directory.storage(), file.get(), 0_B, space->size);
  if (!extents) return space->size;
  Bytes filled;
  for (const Extent& extent : *extents) filled += extent.length;
  return std::max(space->allocated, filled);
}

}  // namespace mpiferry::disk
