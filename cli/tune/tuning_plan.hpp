// What `mpiferry tune` measures, and in which order. Arithmetic; no I/O, no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cli/options/tuning.hpp"
#include "engine/base/units.hpp"

namespace mpiferry::cli {

struct TuningGrid {
  std::vector<Tuning> cases;    // `first` first, then what is nearest to it
  std::vector<Tuning> too_few;  // left out: the sample has no two chunks for each worker
};

// Every chunk size with every window, each once, and `first`, the default. Windows that do not fit
// into the memory that jobs may use are made smaller, as a job would.
TuningGrid tuning_grid(const Tuning& first, const std::vector<Bytes>& chunk_sizes,
                       const std::vector<std::uint32_t>& windows, Bytes sample,
                       std::uint32_t workers);

// Which case comes next. Every repetition has all cases, in the opposite order of the one before.
class TuningSchedule {
 public:
  struct Limits {
    std::uint32_t repetitions = 3;       // at least 2: noise shows only in repetitions
    std::chrono::nanoseconds budget{0};  // 0: no limit
  };
  TuningSchedule(std::size_t cases, const Limits& limits) : cases_(cases), limits_(limits) {}

  // The next case to be measured; nothing at the end. `elapsed` of the budget has gone.
  // The first repetition ends after half of the budget: the cases that had no turn are left out for
  // good, and the others have their second turn in any case. Further repetitions end where
  // another measurement does not fit any more.
  std::optional<std::size_t> next(std::chrono::nanoseconds elapsed);

  // Cases that are not left out.
  std::size_t cases() const noexcept { return cases_; }
  std::size_t begun() const noexcept { return begun_; }
  // Measurements, if none is left out from now on.
  std::size_t total() const noexcept { return cases_ * limits_.repetitions; }

 private:
  bool spent(std::chrono::nanoseconds elapsed) const;

  std::size_t cases_;
  Limits limits_;
  std::size_t repetition_ = 0;
  std::size_t position_ = 0;  // within the repetition
  std::size_t begun_ = 0;
};

}  // namespace mpiferry::cli
