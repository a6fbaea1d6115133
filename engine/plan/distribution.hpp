// Which worker needs which chunk. Pure arithmetic.
#pragma once

#include <cstdint>

#include "engine/base/units.hpp"
#include "engine/plan/chunk_plan.hpp"
#include "engine/wire/round_robin.hpp"

namespace mpiferry::plan {

class Distribution {
 public:
  // wire/round_robin.hpp. Precondition: workers > 0.
  static constexpr Distribution round_robin(std::uint32_t workers) noexcept {
    return Distribution{workers};
  }

  constexpr std::uint32_t workers() const noexcept { return workers_; }

  constexpr Rank worker_of(ChunkIndex chunk) const noexcept {
    return wire::round_robin_worker(chunk, workers_);
  }
  // How many chunks of the same worker come before this one.
  constexpr std::uint64_t position_of(ChunkIndex chunk) const noexcept {
    return wire::round_robin_position(chunk, workers_);
  }
  // The k-th chunk of a worker, from 0: the inverse of the two above.
  // Precondition, here and below: 1 <= worker <= workers.
  constexpr ChunkIndex chunk_of(Rank worker, std::uint64_t k) const noexcept {
    return {k * workers_ + static_cast<std::uint64_t>(worker.value) - 1};
  }

  // How many chunks go to this worker.
  constexpr std::uint64_t chunks_of(Rank worker, const ChunkPlan& plan) const noexcept {
    const auto first = static_cast<std::uint64_t>(worker.value) - 1;
    return plan.chunks() / workers_ + (first < plan.chunks() % workers_);
  }
  // How many bytes those are.
  constexpr Bytes bytes_of(Rank worker, const ChunkPlan& plan) const noexcept {
    const std::uint64_t owned = chunks_of(worker, plan);
    if (owned == 0) return {0};
    const ChunkIndex last{plan.chunks() - 1};
    const Bytes all{owned * plan.chunk_size().value};
    return worker_of(last) == worker ? all - (plan.chunk_size() - plan.length_of(last)) : all;
  }

 private:
  constexpr explicit Distribution(std::uint32_t workers) noexcept : workers_(workers) {}

  std::uint32_t workers_;
};

}  // namespace mpiferry::plan
