// The digest of the bytes that lie in a chunk's place already (--resume).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/base/units.hpp"
#include "engine/disk/offset_partial_file.hpp"
#include "engine/disk/stored_file.hpp"
#include "engine/operations/scatter/sequential_digest.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry::operations {

// Made a slice at a time, one chunk after the other. Not thread-safe.
class ChunkInspection {
 public:
  // The next chunk is the whole of this file.
  void begin(disk::StoredFile file);
  // The next chunk is `length` bytes at `offset` of a file that holds several. The digest of that
  // file gets them, too, unless `whole` is null. Both outlive the inspection of this chunk.
  void begin(const disk::OffsetPartialFile& file, Bytes offset, Bytes length,
             SequentialDigest* whole);

  // Reads a slice into `buffer`. Nothing before the last slice; then the digest, or a digest of
  // nothing if the bytes cannot be read.
  std::optional<std::optional<std::uint64_t>> step(std::span<std::byte> buffer);
  // So many bytes of the chunk were digested.
  Bytes digested() const noexcept { return digested_; }

 private:
  void begin(Bytes offset, Bytes length);

  std::optional<disk::StoredFile> own_file_;
  const disk::OffsetPartialFile* file_ = nullptr;
  SequentialDigest* whole_ = nullptr;
  Bytes offset_;
  Bytes length_;
  Bytes digested_;
  wire::ChunkDigest digest_;
};

}  // namespace mpiferry::operations
