// How to wait: a policy without I/O.
//
// More ranks than cores is the rule on laptops and in CI. A rank that spins there takes the core
// from the rank it waits for; yielding and napping is worth a factor of 20 to 100.
// docs/internals/event-loop.md has the figures.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace mpiferry::mpi {

// What the poller does after a visit that completed and moved nothing.
struct BackoffStep {
  enum class Kind : std::uint8_t { spin, yield, nap };
  Kind kind = Kind::spin;
  std::chrono::microseconds nap{0};
  bool operator==(const BackoffStep&) const = default;
};

struct BackoffLimits {
  std::uint32_t spins = 4;   // visits before the first yield
  std::uint32_t yields = 8;  // visits that yield before the first nap
  std::chrono::microseconds first_nap{20};
  std::chrono::microseconds longest_nap{250};

  // Limits for a host with so many ranks for each core. Where they have to share, a rank that has
  // nothing to do goes to sleep after one look around, and the longer the more ranks wait for its
  // core: what it does when it wakes early is taken from those that have work.
  // docs/decisions/0013 has the measurements.
  static BackoffLimits for_oversubscription(double ranks_per_core) noexcept {
    if (ranks_per_core <= 1) return {};
    constexpr double kNapForOne = 100;  // microseconds, for each rank that shares the core
    constexpr double kMaxFirstNap = 1000;
    const double nap = std::min(kNapForOne * ranks_per_core, kMaxFirstNap);
    return {.spins = 0,
            .yields = 1,
            .first_nap = std::chrono::microseconds{static_cast<int>(nap)},
            .longest_nap = std::chrono::milliseconds{2}};
  }
};

// Guesses from the time that a test took whether MPI has moved bytes of a message that is not
// complete yet. MPI_Testsome does not tell. UCX copies 512 KiB a call between the ranks of a host
// where it has CMA, which takes 13 us and more, and there is nothing to wait for between two
// pieces. docs/decisions/0017 has what it brought.
class ProgressDetector {
 public:
  // Of a test of so many requests that completed none. After more long ones in a row than the
  // largest chunk has pieces, tests take so long here, for whatever reason, and none of that length
  // counts any more: no rank spins for ever.
  bool moved(std::chrono::nanoseconds took, std::size_t requests) noexcept {
    if (took <= std::max(kMinPiece, 4 * vain_) + kForEachRequest * requests) {
      vain_ = std::min(vain_, took);
      row_ = 0;
      return false;
    }
    shortest_of_row_ = row_ == 0 ? took : std::min(shortest_of_row_, took);
    if (++row_ <= kMaxPieces) return true;
    vain_ = shortest_of_row_;
    return false;
  }
  void completed() noexcept { row_ = 0; }

  static constexpr std::uint32_t kMaxPieces = 4096;  // 1 GiB has 2048

 private:
  static constexpr std::chrono::nanoseconds kMinPiece = std::chrono::microseconds{10};
  static constexpr std::chrono::nanoseconds kForEachRequest{20};  // to look at it
  std::chrono::nanoseconds vain_{0};
  std::chrono::nanoseconds shortest_of_row_{0};
  std::uint32_t row_ = 0;
};

class Backoff {
 public:
  explicit Backoff(BackoffLimits limits = {}) noexcept : limits_(limits), nap_(limits.first_nap) {}

  // Something completed, or something new was started: be quick again.
  void reset() noexcept {
    misses_ = 0;
    nap_ = limits_.first_nap;
  }

  // Nothing completed, nothing moved: what now?
  BackoffStep next() noexcept {
    if (misses_ < limits_.spins) {
      ++misses_;
      return {BackoffStep::Kind::spin};
    }
    if (misses_ < limits_.spins + limits_.yields) {
      ++misses_;
      return {BackoffStep::Kind::yield};
    }
    const BackoffStep step{BackoffStep::Kind::nap, nap_};
    nap_ = std::min(nap_ * 2, limits_.longest_nap);
    return step;
  }

 private:
  BackoffLimits limits_;
  std::uint32_t misses_ = 0;
  std::chrono::microseconds nap_;
};

}  // namespace mpiferry::mpi
