// Writes chunks into one file on a thread of its own, so that the thread that receives and digests
// them does not wait for the copy into the page cache.
#pragma once

#include <atomic>
#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "engine/base/buffer_pool.hpp"
#include "engine/base/units.hpp"
#include "engine/disk/offset_part.hpp"

namespace mpiferry::roles {

class FileWriter {
 public:
  // Called on the thread that runs `io`, when a write is done or has failed.
  using Done = std::function<void(ChunkIndex, Bytes length, Lease, disk::WriteError)>;

  // `file` outlives it. `sparse`: pages of zeros become holes; the file is new.
  FileWriter(boost::asio::io_context& io, const disk::OffsetPart& file, bool sparse, Done done);
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;
  // Waits for what is under way; what has not been begun is dropped.
  ~FileWriter();

  // Writes the first `length` bytes of the lease's payload.
  void give(ChunkIndex chunk, Bytes offset, Bytes length, Lease lease);
  // Given and not done.
  std::size_t pending() const noexcept { return pending_; }

 private:
  struct Write {
    FileWriter* self;
    ChunkIndex chunk;
    Bytes offset;
    Bytes length;
    Lease lease;
    void operator()();
  };
  struct Written {
    FileWriter* self;
    ChunkIndex chunk;
    Bytes length;
    Lease lease;
    disk::WriteError error;
    void operator()();
  };

  boost::asio::io_context& io_;
  const disk::OffsetPart& file_;
  bool sparse_;
  Done done_;
  std::size_t pending_ = 0;
  std::atomic<bool> ending_ = false;
  boost::asio::thread_pool thread_{1};
};

}  // namespace mpiferry::roles
