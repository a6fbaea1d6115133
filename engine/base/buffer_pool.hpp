// Message buffers that are used again, and the leases that lend them.
//
// A block is a header of 64 bytes directly before a page-aligned payload, so header and payload
// leave in one message and O_DIRECT can write the payload from where it landed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "engine/base/units.hpp"

namespace mpiferry {

inline constexpr std::size_t kHeaderSize = 64;

class BufferPool;

// A buffer on loan. It returns itself to its pool when it is destroyed; the memory outlives the
// pool for as long as a lease of it lives. Move-only; not thread-safe.
class Lease {
 public:
  Lease() noexcept = default;
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease();

  explicit operator bool() const noexcept { return payload_ != nullptr; }

  // 64 bytes; they end where the payload starts.
  std::span<std::byte, kHeaderSize> header() const noexcept;
  // The whole capacity of the payload, page-aligned.
  std::span<std::byte> payload() const noexcept;
  // Header and the first `payload_bytes` of the payload. Precondition: they fit.
  std::span<std::byte> message(std::size_t payload_bytes) const noexcept;
  // Header and the whole payload.
  std::span<std::byte> message() const noexcept { return message(payload().size()); }

  // Gives the buffer back now.
  void reset() noexcept;

 private:
  friend class BufferPool;
  struct Core;
  Lease(std::shared_ptr<Core> core, std::byte* payload) noexcept;

  std::shared_ptr<Core> core_;
  std::byte* payload_ = nullptr;
};

// Lends up to `capacity` blocks whose payloads have `payload_bytes` each. Memory is allocated when
// it is first needed; that of blocks of 256 KiB and more up to 64 MiB at a time, in huge pages.
// Blocks are lent last in, first out, so that a hot one is used again. Not thread-safe.
class BufferPool {
 public:
  BufferPool(Bytes payload_bytes, std::size_t capacity);

  // Nothing if `capacity` blocks are on loan. Throws std::bad_alloc if memory is exhausted.
  std::optional<Lease> try_acquire();

  std::size_t in_use() const noexcept;
  std::size_t capacity() const noexcept;
  // The most blocks that were ever on loan together.
  std::size_t peak() const noexcept;

 private:
  std::shared_ptr<Lease::Core> core_;
};

}  // namespace mpiferry
