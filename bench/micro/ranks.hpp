// Google Benchmark on several ranks. Every rank runs the same cases with the same fixed number of
// iterations and manual time, or they would wait for each other for ever; only rank 0 reports.
#pragma once

#include <cstdint>

#include <benchmark/benchmark.h>

#include "engine/mpi/backoff.hpp"
#include "engine/mpi/communicator.hpp"

namespace mpiferry::bench {

// Of all ranks; lives from the start of main to its end.
const mpi::Communicator& world();

// The time of an iteration counts on rank 0 alone.
inline void set_time(benchmark::State& state, double seconds) {
  state.SetIterationTime(world().rank() == kMaster ? seconds : 1e-9);
}

// An iteration does `each` things.
inline void count_each(benchmark::State& state, std::int64_t each) {
  state.SetItemsProcessed(state.iterations() * each);
}

// How the engine would wait with these ranks on these cores.
mpi::Backoff backoff();

// What transport and engine have in common: their cases, {chunk, window}, and how much a case
// moves.
void chunks_and_windows(benchmark::internal::Benchmark* benchmark);
// What --bytes=N says (1 GiB) for all workers together, but at most 262,144 chunks; rounded up to
// whole rounds.
std::int64_t chunks_a_worker(std::int64_t chunk);
void count_moved(benchmark::State& state, std::int64_t chunk);

}  // namespace mpiferry::bench
