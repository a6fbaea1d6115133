#include "engine/disk/file_stamp.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

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

std::optional<FileStamp> FileStamp::of_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  FileStamp stamp{.mode = status.st_mode & wire::kPermissions,
                  .owner = Owner{status.st_uid, status.st_gid},
                  .acl = std::string{}};
  const ssize_t size = ::getxattr(path.c_str(), kAcl, nullptr, 0);
  if (size <= 0) return stamp;
  stamp.acl->resize(static_cast<std::size_t>(size));
  const ssize_t got = ::getxattr(path.c_str(), kAcl, stamp.acl->data(), stamp.acl->size());
  stamp.acl->resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return stamp;
}

int FileStamp::put_on(int descriptor) const noexcept {
  bool owned = true;
  if (owner && ::fchown(descriptor, owner->user, owner->group) != 0) {
    if (!is_refusal(errno)) return errno;
    // The group alone may be allowed.
    owned = false;
    static_cast<void>(::fchown(descriptor, static_cast<uid_t>(-1), owner->group) == 0);
  }
  // One that the directory has given it goes.
  if (acl && acl->empty()) static_cast<void>(::fremovexattr(descriptor, kAcl) == 0);
  if (mode) {
    mode_t bits = owned ? *mode : *mode & ~kSetId;
    if (acl && !acl->empty() && ::fsetxattr(descriptor, kAcl, acl->data(), acl->size(), 0) != 0) {
      if (!is_refusal(errno)) return errno;
      bits &= ~kGroup;
    }
    if (::fchmod(descriptor, bits) != 0 && !is_refusal(errno)) return errno;
  }
  if (modified) {
    const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, *modified};
    if (::futimens(descriptor, times) != 0 && !is_refusal(errno)) return errno;
  }
  return 0;
}

int take_back_mode(int descriptor, std::uint32_t mode) noexcept {
  const auto wanted = static_cast<mode_t>(mode & wire::kPermissions);
  if (mode_while_written(mode) == wanted) return 0;
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return errno;
  if (::fchmod(descriptor, status.st_mode & wanted) != 0 && !is_refusal(errno)) return errno;
  return 0;
}

}  // namespace mpiferry::disk
