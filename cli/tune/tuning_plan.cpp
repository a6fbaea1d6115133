#include "cli/tune/tuning_plan.hpp"

#include <algorithm>
#include <cmath>

#include "engine/operations/scatter/options.hpp"

namespace mpiferry::cli {
namespace {

// Chunks of the sample for each worker: fewer would measure the start and the end of a job.
constexpr std::uint64_t kMinChunks = 2;

// In doublings.
double distance(const Tuning& a, const Tuning& b) {
  const auto apart = [](auto x, auto y) {
    return std::abs(std::log2(static_cast<double>(x)) - std::log2(static_cast<double>(y)));
  };
  return apart(a.chunk_size.value, b.chunk_size.value) + apart(a.window, b.window);
}

}  // namespace

TuningGrid tuning_grid(const Tuning& first, const std::vector<Bytes>& chunk_sizes,
                       const std::vector<std::uint32_t>& windows, Bytes sample,
                       std::uint32_t workers) {
  std::vector<Tuning> all{first};
  for (const Bytes chunk_size : chunk_sizes) {
    for (const std::uint32_t window : windows) {
      all.push_back(tuning_of({.chunk_size = chunk_size, .job = {.window = window}}));
    }
  }
  std::ranges::stable_sort(all, {},
                           [&first](const Tuning& tuning) { return distance(tuning, first); });
  TuningGrid grid;
  for (const Tuning& tuning : all) {
    const bool enough = sample.value / tuning.chunk_size.value >= kMinChunks * workers;
    std::vector<Tuning>& list = enough ? grid.cases : grid.too_few;
    if (std::ranges::find(list, tuning) == list.end()) list.push_back(tuning);
  }
  return grid;
}

std::optional<std::size_t> TuningSchedule::next(std::chrono::nanoseconds elapsed) {
  if (repetition_ == 0 && position_ > 0 && position_ < cases_ && limits_.budget.count() > 0 &&
      elapsed > limits_.budget / 2) {
    cases_ = position_;
  }
  if (position_ == cases_) {
    position_ = 0;
    ++repetition_;
  }
  // A single case has nothing to compare with.
  if (repetition_ >= limits_.repetitions || (repetition_ > 0 && cases_ < 2)) return std::nullopt;
  if (repetition_ >= 2 && spent(elapsed)) return std::nullopt;
  const std::size_t position = position_++;
  ++begun_;
  return repetition_ % 2 == 0 ? position : cases_ - 1 - position;
}

// One more measurement of the usual length would not fit.
bool TuningSchedule::spent(std::chrono::nanoseconds elapsed) const {
  if (limits_.budget.count() == 0) return false;
  return elapsed + elapsed / static_cast<std::int64_t>(begun_) > limits_.budget;
}

}  // namespace mpiferry::cli
