// Where a chunk lies within its file. Pure arithmetic.
#pragma once

#include <cstdint>

#include "engine/base/units.hpp"
#include "engine/plan/chunk_plan.hpp"
#include "engine/wire/layout.hpp"

namespace mpiferry::plan {

// The offset of a chunk in the file that `layout` puts it into: 0 in a file of its own; behind the
// chunks of its worker that come before it in a stripe; where it is in the source in the layout
// `file`. Precondition: workers > 0.
constexpr Bytes place(wire::Layout layout, ChunkIndex chunk, std::uint32_t workers,
                      Bytes chunk_size) noexcept {
  switch (layout) {
    case wire::Layout::chunks:
      return {0};
    case wire::Layout::stripes:
      return {chunk.value / workers * chunk_size.value};
    case wire::Layout::file:
      return offset(chunk, chunk_size);
  }
  return {0};
}

}  // namespace mpiferry::plan
