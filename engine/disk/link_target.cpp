#include "engine/disk/link_target.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <utility>

#include "engine/disk/destination_failure.hpp"

namespace mpiferry::disk {

Result<std::string> link_target(storage::Storage& storage, const std::string& path) {
  struct stat status {};
  if (storage.stat_at(AT_FDCWD, path.c_str(), status, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISLNK(status.st_mode)) {
    return path;
  }
  if (auto real = storage.real_path(path.c_str())) return *std::move(real);
  Failure nowhere = destination_failure(Errc::dest_unusable, path, "open", errno);
  nowhere.hint = "remove the link, or let it lead to a file";
  if (nowhere.system_errno == ENOENT) nowhere.detail = "a symbolic link to nothing";
  return nowhere;
}

bool is_directory(storage::Storage& storage, const std::string& path) noexcept {
  struct stat status {};
  return storage.stat_at(AT_FDCWD, path.c_str(), status, 0) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace mpiferry::disk
