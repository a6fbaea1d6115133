// Message buffers of a simulated rank, and who may touch them now.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/buffer_pool.hpp"
#include "tests/sim/invariant.hpp"

namespace mpiferry::sim {

// The engine's Lease moves from hand to hand, so that a buffer that was lent cannot be touched.
// This one can be touched by mistake, and then says so.
class Buffer {
 public:
  // The whole message: header and payload. Throws Broken while MPI has the buffer.
  std::vector<std::byte>& bytes() {
    require(!lent_, Invariant::lent_is_untouched, "a buffer was used while MPI had it");
    return bytes_;
  }
  std::span<std::byte> payload() { return std::span{bytes()}.subspan(kHeaderSize); }

  // MPI has it from isend() or irecv() until that has completed.
  void lend() {
    require(!lent_ && held_, Invariant::lent_is_untouched, "a buffer was lent to MPI {}",
            lent_ ? "twice" : "without an owner");
    lent_ = true;
  }
  void give_back() { lent_ = false; }
  // For MPI, between the two.
  std::vector<std::byte>& bytes_for_mpi() { return bytes_; }

 private:
  friend class Pool;
  std::vector<std::byte> bytes_;
  bool lent_ = false;
  bool held_ = false;
};

// Lends up to `capacity` buffers.
class Pool {
 public:
  explicit Pool(std::size_t capacity) : capacity_(capacity) {}

  // Throws Broken if all are in use: whoever asks has counted wrong.
  Buffer& acquire() {
    Buffer* buffer = try_acquire();
    require(buffer != nullptr, Invariant::memory, "more than {} buffers are wanted", capacity_);
    return *buffer;
  }
  // nullptr if all are in use.
  Buffer* try_acquire() {
    if (in_use_ == capacity_) return nullptr;
    if (free_.empty()) {
      all_.push_back(std::make_unique<Buffer>());
      free_.push_back(all_.back().get());
    }
    Buffer* buffer = free_.back();
    free_.pop_back();
    buffer->held_ = true;
    peak_ = std::max(peak_, ++in_use_);
    return buffer;
  }
  void release(Buffer& buffer) {
    require(!buffer.lent_ && buffer.held_, Invariant::lent_is_untouched, "a buffer was freed {}",
            buffer.lent_ ? "while MPI had it" : "twice");
    buffer.held_ = false;
    free_.push_back(&buffer);
    --in_use_;
  }

  std::size_t in_use() const noexcept { return in_use_; }
  std::size_t peak() const noexcept { return peak_; }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  std::size_t capacity_;
  std::size_t in_use_ = 0;
  std::size_t peak_ = 0;
  std::vector<std::unique_ptr<Buffer>> all_;
  std::vector<Buffer*> free_;
};

}  // namespace mpiferry::sim
