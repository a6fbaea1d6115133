// A file of a destination that is read back.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/file_stamp.hpp"
#include "engine/storage/file.hpp"

namespace mpiferry::disk {

// Move-only. Const members may be called from several threads. May outlive its Directory, but not
// its storage.
class StoredFile {
 public:
  // Opens the regular file `name` of `directory` (1 to 255 bytes without '/') and tells the kernel
  // that it will be read from its start to its end. Does not wait for a FIFO's writer.
  // dest_unusable with path, call, errno (ENOENT: it is missing) and hint; what is no regular file,
  // a symbolic link among them, is refused with a detail that says so.
  static Result<StoredFile> open(const Directory& directory, std::string_view name);

  const std::string& path() const noexcept { return path_; }
  // When it was opened.
  Bytes size() const noexcept { return size_; }

  // Fills `out`; fewer bytes only at the end of the file as it is now. Handles EINTR and short
  // reads. dest_unusable with path, call and errno.
  Result<std::size_t> read(Bytes offset, std::span<std::byte> out) const;
  // Gives the file mode, owner and time. dest_write_failed.
  Outcome put(const FileStamp& stamp) const;

 private:
  StoredFile(storage::Storage& storage, std::string path, storage::File file, Bytes size) noexcept;

  storage::Storage* storage_;
  std::string path_;
  storage::File file_;
  Bytes size_;
};

}  // namespace mpiferry::disk
