// The name of a chunk's file.
#pragma once

#include <cstddef>
#include <string_view>

#include "engine/base/units.hpp"

namespace mpiferry::disk {

// "chunk_7.bin" in a buffer of its own; no allocation.
class ChunkName {
 public:
  explicit ChunkName(ChunkIndex chunk) noexcept;
  std::string_view view() const noexcept { return {text_, size_}; }

 private:
  char text_[40];  // "chunk_", at most 20 digits, ".bin"
  std::size_t size_;
};

}  // namespace mpiferry::disk
