// Which file it is, whatever it is called.
#pragma once

#include <string>
#include <sys/stat.h>

namespace mpiferry::disk {

// "device:inode"; two files of one host are the same if it is equal.
inline std::string file_id(const struct stat& status) {
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

}  // namespace mpiferry::disk
