// The digest of a file whose bytes mostly come in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/units.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry::operations {

// XXH3-64 of the first end() bytes. Bytes that come out of order are left out; who wants the digest
// of the whole reads them again from end() on. Not thread-safe.
class SequentialDigest {
 public:
  Bytes end() const noexcept { return end_; }
  std::uint64_t value() const noexcept { return digest_.value(); }

  // These bytes lie at `begin` now.
  void add(Bytes begin, std::span<const std::byte> bytes) noexcept {
    if (begin != end_) return;
    digest_.update(bytes);
    end_ += Bytes{bytes.size()};
  }
  // What lies from `begin` on is about to change.
  void invalidate(Bytes begin) noexcept {
    if (begin < end_) reset();
  }
  void reset() noexcept {
    digest_.reset();
    end_ = 0_B;
  }

 private:
  wire::ChunkDigest digest_;
  Bytes end_;
};

}  // namespace mpiferry::operations
