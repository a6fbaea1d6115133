// Which bytes are chunk i. Pure arithmetic.
#pragma once

#include <cstdint>

#include "engine/base/units.hpp"

namespace mpiferry::plan {

// Where chunk i starts. Also right for streams, whose size is not known.
constexpr Bytes offset(ChunkIndex chunk, Bytes chunk_size) noexcept {
  return {chunk.value * chunk_size.value};
}

// A file of known size in chunks of one size; only the last chunk may be shorter, none is empty.
// Precondition: chunk_size > 0.
class ChunkPlan {
 public:
  constexpr ChunkPlan(Bytes file_size, Bytes chunk_size) noexcept
      : file_size_(file_size), chunk_size_(chunk_size) {}

  constexpr Bytes file_size() const noexcept { return file_size_; }
  constexpr Bytes chunk_size() const noexcept { return chunk_size_; }
  // ceil(file_size / chunk_size); 0 for an empty file.
  constexpr std::uint64_t chunks() const noexcept {
    return file_size_.value / chunk_size_.value + (file_size_.value % chunk_size_.value != 0);
  }
  constexpr Bytes offset_of(ChunkIndex chunk) const noexcept { return offset(chunk, chunk_size_); }
  // Precondition: chunk < chunks().
  constexpr Bytes length_of(ChunkIndex chunk) const noexcept {
    const Bytes rest = file_size_ - offset_of(chunk);
    return rest < chunk_size_ ? rest : chunk_size_;
  }

 private:
  Bytes file_size_;
  Bytes chunk_size_;
};

}  // namespace mpiferry::plan
