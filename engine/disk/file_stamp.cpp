#include "engine/disk/file_stamp.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

#include "engine/storage/storage.hpp"

namespace mpiferry::disk {
namespace {

constexpr mode_t kSetId = S_ISUID | S_ISGID;

// With a list, the group's bits of the mode are the mask of all that it names.
constexpr mode_t kGroup = S_IRWXG;
constexpr const char* kAcl = "system.posix_acl_access";

bool is_refusal(int error) noexcept {
  return error == EPERM || error == EOPNOTSUPP || error == ENOSYS || error == EINVAL;
}

}  // namespace

FileStamp FileStamp::of(const wire::FileAttributes& attributes) noexcept {
  return {.mode = static_cast<mode_t>(attributes.mode),
          .owner = Owner{attributes.uid, attributes.gid},
          .modified =
              timespec{attributes.mtime_seconds, static_cast<long>(attributes.mtime_nanoseconds)}};
}

std::optional<FileStamp> FileStamp::of_file(storage::Storage& storage, const std::string& path) {
  struct stat status {};
  if (storage.stat_at(AT_FDCWD, path.c_str(), status, 0) != 0 || !S_ISREG(status.st_mode))
    return std::nullopt;
  FileStamp stamp{.mode = status.st_mode & wire::kPermissions,
                  .owner = Owner{status.st_uid, status.st_gid},
                  .acl = std::string{}};
  const ssize_t size = storage.attribute(path.c_str(), kAcl, {});
  if (size <= 0) return stamp;
  stamp.acl->resize(static_cast<std::size_t>(size));
  const ssize_t got =
      storage.attribute(path.c_str(), kAcl, std::as_writable_bytes(std::span{*stamp.acl}));
  stamp.acl->resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return stamp;
}

int FileStamp::put_on(storage::Storage& storage, int file) const noexcept {
  bool owned = true;
  if (owner && storage.set_owner(file, owner->user, owner->group) != 0) {
    if (!is_refusal(errno)) return errno;
    // The group alone may be allowed.
    owned = false;
    static_cast<void>(storage.set_owner(file, static_cast<uid_t>(-1), owner->group) == 0);
  }
  // One that the directory has given it goes.
  if (acl && acl->empty()) static_cast<void>(storage.remove_attribute(file, kAcl) == 0);
  if (mode) {
    mode_t bits = owned ? *mode : *mode & ~kSetId;
    if (acl && !acl->empty() &&
        storage.set_attribute(file, kAcl, std::as_bytes(std::span{*acl})) != 0) {
      if (!is_refusal(errno)) return errno;
      bits &= ~kGroup;
    }
    if (storage.set_mode(file, bits) != 0 && !is_refusal(errno)) return errno;
  }
  if (modified) {
    if (storage.set_modified(file, *modified) != 0 && !is_refusal(errno)) return errno;
  }
  return 0;
}

int take_back_mode(storage::Storage& storage, int file, std::uint32_t mode) noexcept {
  const auto wanted = static_cast<mode_t>(mode & wire::kPermissions);
  if (mode_while_written(mode) == wanted) return 0;
  struct stat status {};
  if (storage.stat(file, status) != 0) return errno;
  if (storage.set_mode(file, status.st_mode & wanted) != 0 && !is_refusal(errno)) return errno;
  return 0;
}

}  // namespace mpiferry::disk
