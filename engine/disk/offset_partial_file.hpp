// A file that is written at offsets, and has its name only when it is whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/file_stamp.hpp"
#include "engine/disk/partial_file.hpp"
#include "engine/storage/file.hpp"

namespace mpiferry::disk {

// How an OffsetPartialFile is opened.
enum class OpenMode : std::uint8_t {
  create,  // makes it; one that an earlier job left is removed first, and never written through
  resume,  // the partial file if it is there, else the finished file, else a new partial file
  attach,  // as `resume`, for the ranks that share a file with its owner: makes nothing
};

// An unfinished file is called "<final name>.part", or as its owner says, without a job's id, so
// that a later job finds it and can go on with it, or remove it; for the same reason it stays when
// the object is destroyed, unless `discard` was called. Who opens it `fresh` or `keep` owns it: it
// is locked (flock) for as long as the object lives, where the file system has locks; others are
// kept out. An owner publishes or discards it; those who `join` only write and close. Move-only;
// must not outlive its Directory. `write`, `read`, `size`, `start_sync` and `sync` may be called
// from several threads; the other functions from one, while nobody is in any of those.
class OffsetPartialFile {
 public:
  // `final_name`: 1 to 250 bytes without '/'. The umask takes its bits from a new file's mode.
  // `keep` and `join` open regular files only, not through symbolic links, and refuse one that has
  // a second name (a hard link): what is written here would be seen there. dest_occupied ("another
  // job is writing it") if somebody else owns the part or, for `keep`, the finished file;
  // dest_unusable with path, call, errno and hint for all else.
  // `partial_name`: the unfinished file's, where "<final name>.part" may be somebody else's; "":
  // that. `mode`: of a new file, once it is published; until then its owner may read and write it.
  static Result<OffsetPartialFile> open(const Directory& directory, std::string_view final_name,
                                        OpenMode open_mode, std::string partial_name = "",
                                        std::uint32_t mode = wire::kAnyMode);

  // A file that its owner may only read is one to `keep`, too: it may be written from then on, and
  // has its own mode again when it is published, or when the object is destroyed before.

  OffsetPartialFile(OffsetPartialFile&&) noexcept = default;
  OffsetPartialFile& operator=(OffsetPartialFile&&) = delete;
  ~OffsetPartialFile() { give_back_mode(); }

  // Whether there is an open file: not after a move, a `publish` that succeeded, `close` or
  // `discard`.
  explicit operator bool() const noexcept { return static_cast<bool>(descriptor_); }
  // Whether it has its final name.
  bool is_published() const noexcept { return published_; }
  // As it is called now: "out/file.bin.part".
  std::string path() const { return folder_ + name(); }

  // To be called before the first write into a published file: it has its part's name
  // again. Does nothing to a part. dest_occupied if there is a part by now, dest_unusable.
  Outcome unpublish();

  // Reserves the space of `size` bytes (fallocate), so that a full disk is found here and not in
  // the middle; where the file system cannot, a part only gets that size. Never shrinks it. A
  // published file keeps its size.
  // dest_write_failed with path, call, errno (ENOSPC, EDQUOT, EFBIG, ...) and hint; the file then
  // has the size that it had, and nothing is reserved behind it. Blocks that have filled holes
  // within it stay: which they were is not known any more, and they read as zeros, like the holes.
  Outcome preallocate(Bytes size);
  // How much of the disk it has.
  Bytes allocated() const noexcept;

  // From now on whole pages that are aligned, in memory and in the file, are written past the page
  // cache. Nothing changes where the file system cannot do that.
  void go_direct() noexcept;

  // Writes all of `bytes`. Handles short writes and EINTR. A write of 0 bytes is an ENOSPC.
  WriteError write(Bytes offset, std::span<const std::byte> bytes) const noexcept;
  // The same, but pages of zeros become a hole, or stay one (write_sparse.hpp).
  WriteError write_sparse(Bytes offset, std::span<const std::byte> bytes, bool over) const noexcept;
  // Makes the file so long, with a hole at its end, if it is shorter. dest_write_failed.
  Outcome extend(Bytes size);
  // Fills `out`; fewer bytes only at the end of the file. dest_unusable.
  Result<std::size_t> read(Bytes offset, std::span<std::byte> out) const;
  // dest_unusable.
  Result<Bytes> size() const;
  // Lets the disk begin with what was written there (length 0: to the end). Only a hint.
  void start_sync(Bytes offset, Bytes length) const noexcept;
  // fdatasync: what was written to the file on this host is durable, its name is not.
  WriteError sync() const noexcept;

  // Cuts the file to exactly `size` bytes, with `durable` syncs it, closes it and gives it its
  // final name. Without `replace` a file that has the name already stays, and the error is an
  // EEXIST of `rename`; with it, it is replaced, be it a symbolic link, but for a directory. Does
  // not sync the directory. A published file of the right size is only closed (and synced). After
  // an error nothing has been published; the part stays and may still be discarded. ENOENT of
  // `rename`: the part, or the published file, has been removed or replaced by somebody.
  // `stamp`: what it gets beside its bytes.
  WriteError publish(Bytes size, bool durable, bool replace, const FileStamp& stamp = {}) noexcept;

  // For who joined: closes the file, before its owner publishes it. The error is one that the file
  // system had put off; what was written here may be lost then.
  WriteError close() noexcept;

  // Closes the file and removes it, if it is a part. A published one stays.
  void discard() noexcept;

 private:
  OffsetPartialFile(const Directory& directory, std::string_view final_name,
                    std::string partial_name, std::uint32_t mode);

  const std::string& name() const noexcept { return published_ ? final_name_ : partial_name_; }
  bool leads_here(const std::string& name) const noexcept;
  Outcome make();
  Outcome remove_stale() const;
  Outcome keep(bool owner);
  storage::File open_existing(bool owner) noexcept;
  Outcome check_kept() const;
  Outcome own();
  Outcome make_writable();
  Outcome lock(const storage::File& file) const;
  void give_back_mode() noexcept;
  int take_name_back() noexcept;
  int name_finally(bool replace) noexcept;
  Failure failure(Errc code, std::string_view call, int system_errno) const;
  Failure occupied() const;

  storage::Storage* storage_;
  int directory_;       // the Directory's
  std::string folder_;  // its path and a '/'
  std::string final_name_;
  std::string partial_name_;
  storage::File descriptor_;  // holds the lock
  storage::File direct_;      // the same file with O_DIRECT, if it was asked for
  bool published_ = false;
  std::uint32_t mode_;
  bool raised_ = false;               // its owner has more rights while it is written
  bool read_only_ = false;            // it could only be opened for reading
  std::optional<mode_t> found_mode_;  // of a file that could not be written as it was found
};

}  // namespace mpiferry::disk
