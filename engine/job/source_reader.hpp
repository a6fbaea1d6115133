// Reads chunks from the source into leases, a slice at a time, and digests what it reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/buffer_pool.hpp"
#include "engine/base/failure.hpp"
#include "engine/base/units.hpp"
#include "engine/disk/read_ahead.hpp"
#include "engine/disk/source.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry::job {

// Between two slices the event loop has its turn, so that no chunk, however large, keeps acks and
// signals waiting. Also: what was read is digested while it is still in the cache, which 4 MiB is
// not (26 GB/s for both digests at 1 MiB, 15 at 4 MiB).
inline constexpr std::size_t kSlice = std::size_t{1} << 20U;

// Where only a digest is wanted: small enough to stay in a core's own cache meanwhile.
inline constexpr std::size_t kDigestSlice = std::size_t{256} << 10U;

class SourceReader {
 public:
  enum class Step : std::uint8_t {
    ready,    // the chunk is whole
    more,     // call again, after the others had a turn
    blocked,  // a stream has nothing yet: wait for source().readable()
    end,      // a stream had ended before this chunk began: there is no such chunk
    failed,   // failure() says why
  };

  SourceReader(disk::Source source, Bytes chunk_size);

  // Starts chunk `chunk` in `lease`, whose payload holds at least a chunk. Chunks that are read for
  // the first time come in order; a chunk may be read again later (files only).
  void begin(ChunkIndex chunk, Lease lease);
  Step step();
  // Precondition: the last step was `ready`; once.
  Lease take() { return std::move(lease_); }
  void abandon() { lease_.reset(); }

  ChunkIndex chunk() const noexcept { return chunk_; }
  Bytes length() const noexcept { return {filled_}; }
  // Of the chunk that is `ready`.
  std::uint64_t digest() const noexcept { return digests_[chunk_.value]; }
  const Failure& failure() const noexcept { return failure_; }

  disk::Source& source() noexcept { return source_; }
  const disk::Source& source() const noexcept { return source_; }
  // XXH3-64 of every chunk so far.
  std::vector<std::uint64_t>& digests() noexcept { return digests_; }
  // XXH128 and count of all bytes so far.
  wire::Digest128 file_digest() const noexcept { return file_digest_.value(); }
  Bytes bytes() const noexcept { return bytes_; }

 private:
  Step finish();
  Step fail(Failure failure);

  disk::Source source_;
  disk::ReadAhead ahead_;
  Bytes chunk_size_;
  ChunkIndex chunk_;
  Lease lease_;
  std::size_t wanted_ = 0;  // of this chunk
  std::size_t filled_ = 0;
  bool again_ = false;  // this chunk was read before
  wire::ChunkDigest chunk_digest_;
  wire::FileDigest file_digest_;
  Bytes bytes_;
  std::vector<std::uint64_t> digests_;
  Failure failure_;
};

}  // namespace mpiferry::job
