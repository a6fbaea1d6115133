#include "engine/disk/file_stamp.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace mpiferry::disk {
namespace {

constexpr mode_t kSetId = S_ISUID | S_ISGID;

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

int FileStamp::put_on(int descriptor) const noexcept {
  bool owned = true;
  if (owner && ::fchown(descriptor, owner->user, owner->group) != 0) {
    if (!is_refusal(errno)) return errno;
    // The group alone may be allowed.
    owned = false;
    static_cast<void>(::fchown(descriptor, static_cast<uid_t>(-1), owner->group) == 0);
  }
  if (mode) {
    const mode_t bits = owned ? *mode : *mode & ~kSetId;
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
