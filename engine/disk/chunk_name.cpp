#include "engine/disk/chunk_name.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace mpiferry::disk {

ChunkName::ChunkName(ChunkIndex chunk) noexcept {
  constexpr std::string_view kPrefix = "chunk_";
  constexpr std::string_view kSuffix = ".bin";
  char* position = std::ranges::copy(kPrefix, text_).out;
  position = std::to_chars(position, std::end(text_), chunk.value).ptr;
  position = std::ranges::copy(kSuffix, position).out;
  size_ = static_cast<std::size_t>(position - text_);
}

}  // namespace mpiferry::disk
