// What a file gets beside its bytes before it has its name.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <sys/types.h>

#include "engine/storage/storage.hpp"
#include "engine/wire/file_attributes.hpp"

namespace mpiferry::disk {

struct FileStamp {
  struct Owner {
    uid_t user = 0;
    gid_t group = 0;
  };
  std::optional<mode_t> mode = {};  // exactly, whatever the umask
  std::optional<Owner> owner = {};
  std::optional<timespec> modified = {};
  // The access control list as the system has it (xattr(7)); empty: there shall be none.
  std::optional<std::string> acl = {};

  // Mode, owner and time.
  static FileStamp of(const wire::FileAttributes& attributes) noexcept;
  // Of the regular file `path`, for another one that is to take its place: permissions, owner and
  // access control list. Set-id bits were given to its bytes, and go with them. Nothing: there is
  // no such file.
  static std::optional<FileStamp> of_file(storage::Storage& storage, const std::string& path);

  // 0, or the errno of a call that failed. Without the right to give files away the file stays its
  // writer's, and gets no set-id bits; a file system that knows no modes, owners or lists is no
  // error either. Nobody gets access by a list that cannot be set. Does not allocate. Thread-safe.
  int put_on(storage::Storage& storage, int file) const noexcept;
};

// The permission bits with which a file is made while it is written: those that it is to have, and
// the owner's right to read and write it, which a job that goes on needs.
constexpr mode_t mode_while_written(std::uint32_t mode) noexcept {
  return static_cast<mode_t>((mode & wire::kPermissions) | 0600U);
}

// The mode of a file that is to get `stamp` at last: until then it is nobody else's. Without one,
// `mode`.
constexpr std::uint32_t mode_before(const FileStamp& stamp, std::uint32_t mode) noexcept {
  return stamp.mode ? 0600U : mode;
}

// Takes from a file that was made with mode_while_written(mode) what that had added. 0 or errno.
int take_back_mode(storage::Storage& storage, int file, std::uint32_t mode) noexcept;

}  // namespace mpiferry::disk
