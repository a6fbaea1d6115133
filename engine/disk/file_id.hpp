// Which file it is, whatever it is called.
#pragma once

#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>

#include "engine/storage/storage.hpp"

namespace mpiferry::disk {

// "device:inode"; two files of one machine are the same if it is equal.
inline std::string file_id(const struct stat& status) {
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

// "inode:size:mtime": the same file of a file system that machines share, of which each has numbers
// of its own for devices.
inline std::string shared_file_id(const struct stat& status) {
  return std::to_string(status.st_ino) + ":" + std::to_string(status.st_size) + ":" +
         std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

// Whether `id`, which is of either kind, is that of the file.
inline bool has_id(const struct stat& status, std::string_view id) {
  return id == file_id(status) || id == shared_file_id(status);
}

inline bool is_same_file(const struct stat& a, const struct stat& b) noexcept {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Of two open files. False if one of them cannot be asked.
inline bool is_same_file(storage::Storage& storage, int a, int b) noexcept {
  struct stat one {};
  struct stat other {};
  return storage.stat(a, one) == 0 && storage.stat(b, other) == 0 && is_same_file(one, other);
}

// Whether the name, itself and not what a link leads to, is that of the open file.
inline bool leads_to(storage::Storage& storage, int directory, const char* name,
                     int file) noexcept {
  struct stat named {};
  struct stat opened {};
  return storage.stat_at(directory, name, named, AT_SYMLINK_NOFOLLOW) == 0 &&
         storage.stat(file, opened) == 0 && is_same_file(named, opened);
}

}  // namespace mpiferry::disk
