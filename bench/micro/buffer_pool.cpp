// What it costs to borrow a buffer and to give it back, and to touch it for the first time.
#include "engine/base/buffer_pool.hpp"

#include <cstddef>
#include <cstring>
#include <vector>

#include <benchmark/benchmark.h>

namespace {

using namespace mpiferry;

void acquire_and_return(benchmark::State& state) {
  BufferPool pool{Bytes{4096}, 16};
  for (auto _ : state) {
    auto lease = pool.try_acquire();
    benchmark::DoNotOptimize(lease);
  }
  state.SetItemsProcessed(state.iterations());
}

// A window of `range(0)` bytes a buffer, written once: what the first chunks of a job pay.
void first_touch(benchmark::State& state) {
  constexpr std::size_t kBuffers = 8;
  const auto bytes = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    BufferPool pool{Bytes{bytes}, kBuffers};
    std::vector<Lease> leases;
    for (std::size_t i = 0; i < kBuffers; ++i) {
      leases.push_back(*pool.try_acquire());
      std::memset(leases.back().payload().data(), 1, bytes);
    }
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) *
                          static_cast<std::int64_t>(kBuffers));
}

BENCHMARK(acquire_and_return);
BENCHMARK(first_touch)->RangeMultiplier(16)->Range(64 << 10, 16 << 20);

}  // namespace
