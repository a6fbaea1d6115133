// A file on its way: it has its final name only when it is whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/units.hpp"
#include "engine/disk/file_stamp.hpp"
#include "engine/storage/file.hpp"
#include "engine/wire/ack.hpp"

namespace mpiferry::disk {

// The calls that can fail while a chunk is written, as acks carry them.
using Call = wire::WriteCall;

struct WriteError {
  Call call = Call::none;
  int system_errno = 0;
  explicit operator bool() const noexcept { return call != Call::none; }
};

struct PartialFileOptions {
  // Writes go past the page cache, where the file system can do that and as far as they are whole,
  // aligned pages.
  bool direct = false;
  std::uint32_t mode = wire::kAnyMode;  // of which the umask takes its bits
  const FileStamp* stamp = nullptr;     // what the whole file gets; must outlive it
};

// An unfinished file. Its name starts with a dot and ends with ".part"; it is removed when the
// object is destroyed before `publish` or after one that failed. Move-only; one thread at a time;
// must not outlive its Directory. A process has at most one of a name at a time.
class PartialFile {
 public:
  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&&) = delete;
  ~PartialFile();

  // Whether there is an open file: not after a failed `open_partial`, a move or `publish`.
  explicit operator bool() const noexcept { return static_cast<bool>(descriptor_); }

  // Appends all of `bytes`; past the page cache, if it was opened so, as far as whole pages go and
  // the file system takes them. Handles short writes and EINTR. A write of 0 bytes is an ENOSPC.
  // On ENOSPC, EDQUOT, EIO, EFBIG and all others: the error; the file is then removed by the
  // destructor. EFBIG comes only to processes that ignore SIGXFSZ; others are killed by it.
  WriteError append(std::span<const std::byte> bytes) noexcept;
  // Lets the disk begin with what was appended. Only a hint: waits for nothing, promises nothing.
  void start_sync() const noexcept;
  // fsync: what was appended is durable, its name is not.
  WriteError sync() noexcept;
  // Closes the file and gives it its final name in one rename; with `durable` after `sync`.
  // Replaces what is there, be it a symbolic link; a directory stays, and is an error. Does not
  // sync the directory: `Directory::sync` does. After an error nothing has been published.
  WriteError publish(bool durable) noexcept;

 private:
  friend class Directory;
  // Names are kept in place, without the heap: a chunk must cost no allocation.
  static constexpr std::size_t kNameSize = 96;

  PartialFile(storage::Storage& storage, int directory) noexcept
      : storage_(&storage), directory_(directory) {}

  void go_direct() noexcept;
  WriteError stamp() noexcept;
  int close() noexcept;

  storage::Storage* storage_;
  int directory_;                        // the Directory's
  std::uint32_t mode_ = wire::kAnyMode;  // of one that was made with mode_while_written(mode_)
  const FileStamp* stamp_ = nullptr;     // to be put on it
  storage::File descriptor_;
  storage::File direct_;               // the same file with O_DIRECT, if it was asked for
  Bytes size_;                         // of what was appended
  char partial_name_[kNameSize] = {};  // empty: nothing to remove
  char final_name_[kNameSize] = {};
};

}  // namespace mpiferry::disk
