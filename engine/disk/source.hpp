// The file or stream that is read. Never blocks on a stream; detects a file that changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "engine/base/extent.hpp"
#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/disk/non_blocking.hpp"
#include "engine/storage/file.hpp"
#include "engine/wire/file_attributes.hpp"

namespace mpiferry::disk {

// What one read brought.
struct ReadResult {
  std::size_t bytes = 0;
  bool end = false;          // nothing comes after these bytes
  bool would_block = false;  // a stream has nothing yet: wait for `readable()`
};

// Move-only; one thread at a time; must not outlive its storage and its io_context.
class Source {
 public:
  // Opens a regular file, a block device, a FIFO or a character device; "-" is standard input.
  // Regular files and block devices are read with pread and have a size; all others are streams
  // (standard input that is redirected from a regular file counts as that file, from its current
  // position on; a file that has bytes but claims to be empty, as those of /proc, is a stream, and
  // so is one of a file system whose sizes are none, as those of /sys).
  // Advises the kernel of sequential reading.
  // Failures: source_not_found, source_unreadable, source_not_a_file (a directory, a socket that is
  // not standard input), each with path, call and errno. Opening a FIFO without a writer does not
  // block. Standard input that is a stream is non-blocking until the Source is destroyed; so is
  // every other descriptor of the same open file (a terminal's, for example).
  static Result<Source> open(storage::Storage& storage, boost::asio::io_context& io,
                             const std::string& path);

  Source(Source&&) noexcept = default;
  Source& operator=(Source&&) = delete;
  ~Source() = default;

  // Nothing for a stream.
  std::optional<Bytes> size() const noexcept { return size_; }
  bool is_stream() const noexcept { return !size_.has_value(); }

  // Of a regular file.
  const std::optional<wire::FileAttributes>& attributes() const noexcept { return attributes_; }

  // The parts of a regular file that are no holes, in order, as offsets from where it is read; the
  // whole if its file system cannot tell. Nothing for all else, and for a file without holes.
  std::vector<Extent> data() const;

  // "device:inode" of a regular file, "" of all else.
  const std::string& id() const noexcept { return id_; }
  // The same for other machines, where its file system may be mounted as well (file_id.hpp).
  const std::string& shared_id() const noexcept { return shared_id_; }

  // Fills `out` from `offset` of a file, or with what comes next of a stream (`offset` is then
  // ignored). A file read comes back with exactly min(out.size(), size - offset) bytes, or with
  // source_changed if the file has become shorter. A stream read is one read(2): it may bring fewer
  // bytes, or would_block; its end comes alone, without bytes, and stays. A FIFO has not ended
  // before a writer has been there. Handles EINTR and short reads.
  // Failures: source_changed, source_read_failed.
  Result<ReadResult> read(Bytes offset, std::span<std::byte> out);

  // Whether the file is still what it was when it was opened: its size and, with `mtime`, the time
  // of its last change (nanoseconds), by fstat. source_changed with a detail that says what
  // differs. Always passes for streams and block devices. A rewrite of equal size within one tick
  // of the file system's clock (some ms) after the opening is not seen.
  Outcome check_unchanged(bool mtime = true) const;

  // Of a stream: something has come, or it has ended or failed.
  bool has_input() const noexcept;

  // For streams: what to wait for after would_block, or without input. Precondition: is_stream().
  // Made when it is first asked for: a stream that never has to be waited for is never registered.
  // Throws if the reactor refuses it.
  storage::Readable& readable();

 private:
  // The size and the time of the last write. Not ctime: chmod, rename and a new hard link change it
  // and leave the bytes as they are, and a job must not fail because its source was renamed. What
  // ctime alone would show, a write whose mtime was set back on purpose, is nobody's accident.
  struct Identity {
    std::int64_t size = 0, mtime_seconds = 0, mtime_nanoseconds = 0;
    bool operator==(const Identity&) const = default;
  };

  Source(storage::Storage& storage, boost::asio::io_context& io, std::string path, int number,
         storage::File owned) noexcept;
  static Result<Source> open_path(storage::Storage& storage, boost::asio::io_context& io,
                                  const std::string& path);
  static Result<Source> open_standard_input(storage::Storage& storage, boost::asio::io_context& io);
  Outcome examine();
  Result<ReadResult> read_file(Bytes offset, std::span<std::byte> out) const;
  Result<ReadResult> read_stream(std::span<std::byte> out);
  Failure ends_early(std::uint64_t end) const;
  Failure shrunk(std::uint64_t end) const;
  Failure failure(Errc code, const char* call, int system_errno) const;

  storage::Storage* storage_;
  boost::asio::io_context* io_;
  std::string path_;
  storage::File owned_;  // empty for standard input
  int number_;
  std::uint64_t start_ = 0;  // the position in the file that is offset 0 to the user
  std::optional<Bytes> size_;
  std::optional<Identity> identity_;  // of regular files
  std::string id_;
  std::string shared_id_;
  std::optional<wire::FileAttributes> attributes_;
  std::unique_ptr<storage::Readable> readable_;
  NonBlocking non_blocking_;
  bool may_lack_writer_ = false;  // a FIFO from which nothing has come yet
  bool ended_ = false;
};

}  // namespace mpiferry::disk
