// Google Benchmark on several ranks. Every rank runs the same cases with the same fixed number of
// iterations and manual time, or they would wait for each other for ever; only rank 0 reports.
#pragma once

#include <cstdint>

#include <benchmark/benchmark.h>

#include "engine/mpi/communicator.hpp"

namespace mpiferry::bench {

// Of all ranks; lives from the start of main to its end.
const mpi::Communicator& world();

// The time of an iteration counts on rank 0 alone.
inline void set_time(benchmark::State& state, double seconds) {
  state.SetIterationTime(world().rank() == kMaster ? seconds : 1e-9);
}

// "ns_each": nanoseconds for one of the `each` things that an iteration does.
inline void count_each(benchmark::State& state, std::int64_t each) {
  state.SetItemsProcessed(state.iterations() * each);
}

}  // namespace mpiferry::bench
