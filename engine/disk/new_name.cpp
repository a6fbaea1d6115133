#include "engine/disk/new_name.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>

#include "engine/disk/file_id.hpp"
#include "engine/storage/storage.hpp"

namespace mpiferry::disk {
namespace {

// 0 or an errno; nothing if the file system cannot do it, as NFS and most FUSE.
std::optional<int> rename_in_one_step(storage::Storage& storage, int directory, const char* from,
                                      const char* to) noexcept {
  if (storage.rename(directory, from, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) return std::nullopt;
  return errno;
}

int look_and_rename(storage::Storage& storage, int directory, const char* from,
                    const char* to) noexcept {
  struct stat status {};
  if (storage.stat_at(directory, to, status, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
  if (errno != ENOENT) return errno;
  return storage.rename(directory, from, to, 0) == 0 ? 0 : errno;
}

}  // namespace

int link_new(storage::Storage& storage, int directory, const char* from, const char* to) noexcept {
  if (storage.link(directory, from, to) == 0) return 0;
  const int error = errno;
  // NFS: a link that succeeded is asked for again when its answer is lost.
  struct stat ours {};
  struct stat there {};
  if (error == EEXIST && storage.stat_at(directory, from, ours, AT_SYMLINK_NOFOLLOW) == 0 &&
      storage.stat_at(directory, to, there, AT_SYMLINK_NOFOLLOW) == 0 &&
      is_same_file(ours, there)) {
    return 0;
  }
  return error;
}

int rename_new(storage::Storage& storage, int directory, const char* from,
               const char* to) noexcept {
  if (const auto done = rename_in_one_step(storage, directory, from, to)) return *done;
  int error = link_new(storage, directory, from, to);
  if (error == 0) {
    if (storage.unlink(directory, from) == 0) return 0;
    error = errno;
    storage.unlink(directory, to);  // all or nothing
    return error;
  }
  return lacks_links(error) ? look_and_rename(storage, directory, from, to) : error;
}

int rename_open(storage::Storage& storage, int directory, const char* from,
                const char* to) noexcept {
  const auto done = rename_in_one_step(storage, directory, from, to);
  return done ? *done : look_and_rename(storage, directory, from, to);
}

bool lacks_links(int error) noexcept {
  return error == EPERM || error == EOPNOTSUPP || error == ENOSYS || error == EMLINK;
}

}  // namespace mpiferry::disk
