#include "engine/disk/reserve.hpp"

#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <sys/stat.h>

#include "engine/disk/persist.hpp"

namespace mpiferry::disk {

ReserveError reserve(storage::Storage& storage, int file, Bytes size, bool keep_size) noexcept {
  if (size.value > std::numeric_limits<off_t>::max()) return {"fallocate", EFBIG};
  struct stat before {};
  if (storage.stat(file, before) != 0) return {"fstat", errno};
  const auto length = static_cast<off_t>(size.value);
  if (length == 0) return {};
  // Not posix_fallocate: where the file system cannot, that writes into every block.
  const int mode = keep_size ? FALLOC_FL_KEEP_SIZE : 0;
  const char* call = "fallocate";
  int error = persist([&] { return storage.allocate(file, mode, 0, length); });
  if (error == EOPNOTSUPP || error == ENOSYS) {
    call = "ftruncate";
    error = keep_size || before.st_size >= length
                ? 0
                : persist([&] { return storage.truncate(file, length); });
  }
  if (error == 0) return {};
  // What it got of the disk, also beyond its end, goes back.
  static_cast<void>(persist([&] { return storage.truncate(file, before.st_size); }));
  return {call, error};
}

}  // namespace mpiferry::disk
