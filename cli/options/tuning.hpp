// A chunk size and a window: what `mpiferry tune` measures, and a profile holds.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/units.hpp"

namespace mpiferry {
struct ScatterOptions;
}

namespace mpiferry::cli {

struct Tuning {
  Bytes chunk_size;
  std::uint32_t window = 0;

  // What one worker's window takes, and, times the workers, the master's buffers.
  Bytes memory() const noexcept { return {chunk_size.value * window}; }
  bool operator==(const Tuning&) const = default;
};

std::string to_text(const Tuning& tuning);  // "64.0 KiB x 32"

// What a job with these options uses.
Tuning tuning_of(const ScatterOptions& options);
// What jobs use without a profile.
Tuning default_tuning(bool fsync);

}  // namespace mpiferry::cli
