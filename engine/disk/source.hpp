// The file or stream that is read. Never blocks on a stream; detects a file that changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"

namespace mpiferry::disk {

// What one read brought.
struct ReadResult {
  std::size_t bytes = 0;
  bool end = false;          // nothing comes after these bytes
  bool would_block = false;  // a stream has nothing yet: wait for `descriptor()` to be readable
};

class Source {
 public:
  // Opens a regular file, a block device, a FIFO or a character device; "-" is standard input.
  // Regular files and block devices are read with pread and have a size; all others are streams
  // (standard input that is redirected from a regular file counts as that file, from its current
  // position on). Advises the kernel of sequential reading.
  // Failures: source_not_found, source_unreadable, source_not_a_file (a directory, a socket that is
  // not standard input), each with path, call and errno. Opening a FIFO without a writer does not
  // block.
  static Result<Source> open(boost::asio::io_context& io, const std::string& path);

  Source(Source&&) noexcept;
  Source& operator=(Source&&) = delete;
  ~Source();

  // Nothing for a stream.
  std::optional<Bytes> size() const noexcept { return size_; }
  bool is_stream() const noexcept { return !size_.has_value(); }

  // Fills `out` from `offset` of a file, or with what comes next of a stream (`offset` is then
  // ignored). A file read comes back with exactly min(out.size(), size - offset) bytes, or with
  // source_changed if the file has become shorter. A stream read may bring fewer bytes, or
  // would_block. Handles EINTR and short reads. Failures: source_changed, source_read_failed.
  Result<ReadResult> read(Bytes offset, std::span<std::byte> out);

  // Whether the file is still what it was when it was opened: size, mtime and ctime (nanoseconds),
  // by fstat. source_changed with a detail that says what differs. Always passes for streams.
  Outcome check_unchanged() const;

  // For streams: `co_await source.descriptor().async_wait(wait_read, ...)` after would_block.
  // Precondition: is_stream().
  boost::asio::posix::stream_descriptor& descriptor();

 private:
  struct Identity {
    std::int64_t size, mtime_seconds, mtime_nanoseconds, ctime_seconds, ctime_nanoseconds;
    bool operator==(const Identity&) const = default;
  };
  Source(std::string path, int descriptor) noexcept;

  std::string path_;
  int descriptor_ = -1;     // owned unless it is standard input
  std::uint64_t start_ = 0;  // the position in the file that is offset 0 to the user
  std::optional<Bytes> size_;
  Identity identity_{};
  std::optional<boost::asio::posix::stream_descriptor> stream_;
  int saved_flags_ = -1;  // of standard input, restored at the end
};

}  // namespace mpiferry::disk
