// Which file it is, whatever it is called.
#pragma once

#include <string>
#include <sys/stat.h>

namespace mpiferry::disk {

// "device:inode"; two files of one host are the same if it is equal.
inline std::string file_id(const struct stat& status) {
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

inline bool is_same_file(const struct stat& a, const struct stat& b) noexcept {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Of two open files. False if one of them cannot be asked.
inline bool is_same_file(int a, int b) noexcept {
  struct stat one {};
  struct stat other {};
  return ::fstat(a, &one) == 0 && ::fstat(b, &other) == 0 && is_same_file(one, other);
}

}  // namespace mpiferry::disk
