// The chunks that rank 0 reads itself, a slice at a time.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/base/buffer_pool.hpp"
#include "engine/operations/retrieval/chunk_reader.hpp"
#include "engine/wire/retrieval.hpp"

namespace mpiferry::operations {

// Not thread-safe. Reader and pool outlive it.
class LocalReads {
 public:
  struct Read {
    wire::ReadReply reply;
    Lease lease;  // holds the chunk, if chunks are wanted
  };

  // `pool`: for the chunks; null if only digests are wanted, which are made in pieces of `scratch`
  // bytes.
  LocalReads(ChunkReader& reader, BufferPool* pool, std::size_t scratch)
      : reader_(reader), pool_(pool), scratch_(scratch) {}

  void add(const wire::ReadRequest& request) { requests_.push_back(request); }
  bool empty() const noexcept { return !reading_ && requests_.empty(); }

  // Reads a slice. Nothing: the chunk is not read to its end yet. Precondition: not empty.
  std::optional<Read> step() {
    if (!reading_) {
      reading_.emplace(pool_ != nullptr ? *pool_->try_acquire() : Lease{});
      reader_.begin(requests_.front(),
                    pool_ != nullptr ? reading_->payload() : std::span{scratch_});
      requests_.pop_front();
    }
    const auto reply = reader_.step();
    if (!reply) return std::nullopt;
    Read read{*reply, std::move(*reading_)};
    reading_.reset();
    return read;
  }

 private:
  ChunkReader& reader_;
  BufferPool* pool_;
  std::vector<std::byte> scratch_;
  std::deque<wire::ReadRequest> requests_;
  std::optional<Lease> reading_;
};

}  // namespace mpiferry::operations
