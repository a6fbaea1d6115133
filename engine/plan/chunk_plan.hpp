// Which bytes are chunk i, and whose it is. Pure arithmetic.
#pragma once

#include <cstdint>

#include "engine/base/units.hpp"

namespace mpiferry::plan {

// The worker that chunk i goes to: i % workers + 1, round robin.
// Precondition: workers > 0.
constexpr Rank owner(ChunkIndex chunk, std::uint32_t workers) noexcept {
  return {static_cast<int>(chunk.value % workers) + 1};
}

// The k-th chunk of a worker, from 0: the inverse of `owner`. Precondition: 1 <= worker <= workers.
constexpr ChunkIndex chunk_of(Rank worker, std::uint64_t k, std::uint32_t workers) noexcept {
  return {k * workers + static_cast<std::uint64_t>(worker.value) - 1};
}

// Where chunk i starts. Also right for streams, whose size is not known.
constexpr Bytes offset(ChunkIndex chunk, Bytes chunk_size) noexcept {
  return {chunk.value * chunk_size.value};
}

// A file of known size in chunks of one size; only the last chunk may be shorter, none is empty.
// Preconditions: chunk_size > 0, workers > 0.
class ChunkPlan {
 public:
  constexpr ChunkPlan(Bytes file_size, Bytes chunk_size, std::uint32_t workers) noexcept
      : file_size_(file_size), chunk_size_(chunk_size), workers_(workers) {}

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
  constexpr Rank owner_of(ChunkIndex chunk) const noexcept { return owner(chunk, workers_); }
  // How many chunks go to this worker. Precondition: 1 <= worker <= workers.
  constexpr std::uint64_t chunks_of(Rank worker) const noexcept {
    const auto position = static_cast<std::uint64_t>(worker.value) - 1;
    return chunks() / workers_ + (position < chunks() % workers_);
  }
  // How many bytes those are.
  constexpr Bytes bytes_of(Rank worker) const noexcept {
    const std::uint64_t owned = chunks_of(worker);
    if (owned == 0) return {0};
    const ChunkIndex last{chunks() - 1};
    const std::uint64_t short_by =
        owner_of(last) == worker ? chunk_size_.value - length_of(last).value : 0;
    return {owned * chunk_size_.value - short_by};
  }

 private:
  Bytes file_size_;
  Bytes chunk_size_;
  std::uint32_t workers_;
};

}  // namespace mpiferry::plan
