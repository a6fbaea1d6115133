#include "cli/options/tuning.hpp"

#include <fmt/format.h>

#include "cli/output/units.hpp"
#include "engine/operations/scatter/options.hpp"

namespace mpiferry::cli {

std::string to_text(const Tuning& tuning) {
  return fmt::format("{} x {}", human_bytes(tuning.chunk_size), tuning.window);
}

Tuning tuning_of(const ScatterOptions& options) {
  return {options.chunk_size, options.effective_window()};
}

Tuning default_tuning(bool fsync) { return tuning_of({.fsync = fsync}); }

}  // namespace mpiferry::cli
