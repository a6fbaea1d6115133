// Writes chunks into one file, in their order, on a thread of its own, so that the thread that
// receives and digests them does not wait for the copy into the page cache, or for a reader.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "engine/base/buffer_pool.hpp"
#include "engine/base/units.hpp"
#include "engine/disk/partial_file.hpp"
#include "engine/threads/threads.hpp"

namespace mpiferry::operations {

class FileWriter {
 public:
  // Called on the thread that runs `io`, when a write is done or has failed.
  using Done = std::function<void(ChunkIndex, Bytes length, Lease, disk::WriteError)>;

  // Writes them; on the writer's thread. Ends soon when `stop` becomes true.
  using Put = std::function<disk::WriteError(Bytes offset, std::span<const std::byte> bytes,
                                             const std::atomic<bool>& stop)>;

  FileWriter(boost::asio::io_context& io, std::unique_ptr<threads::Thread> thread, Put put,
             Done done)
      : io_(io), put_(std::move(put)), done_(std::move(done)), thread_(std::move(thread)) {}
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
  Put put_;
  Done done_;
  std::size_t pending_ = 0;
  std::atomic<bool> ending_ = false;
  std::unique_ptr<threads::Thread> thread_;
};

}  // namespace mpiferry::operations
