// What MPI itself gives: windows of MPI_Isend and MPI_Irecv, one MPI_Testsome, no files, no
// digests, no event loop. The limit for the engine at this chunk size and number of ranks.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <sched.h>
#include <vector>

#include <benchmark/benchmark.h>
#include <mpi.h>

#include "bench/micro/ranks.hpp"

namespace {

using namespace mpiferry;

constexpr int kWindow = 8;  // chunks in flight to one worker
constexpr int kData = 11;
constexpr int kAck = 22;
constexpr std::int64_t kBytes = 256 << 20;  // an iteration moves, rounded up to whole rounds

// All requests of a rank, tested together, with a yield when none has completed.
class Requests {
 public:
  explicit Requests(std::size_t count) : requests_(count, MPI_REQUEST_NULL), completed_(count) {}
  MPI_Request& operator[](std::size_t i) { return requests_[i]; }

  // Calls `handle` with the index of every request that has completed.
  template <class Handle>
  void test(const Handle& handle) {
    int count = 0;
    MPI_Testsome(static_cast<int>(requests_.size()), requests_.data(), &count, completed_.data(),
                 MPI_STATUSES_IGNORE);
    if (count == MPI_UNDEFINED || count == 0) {
      ::sched_yield();
      return;
    }
    for (int i = 0; i < count; ++i) {
      handle(static_cast<std::size_t>(completed_[static_cast<std::size_t>(i)]));
    }
  }

 private:
  std::vector<MPI_Request> requests_;
  std::vector<int> completed_;
};

// Rows 0 .. window * workers - 1 are the sends, the next ones the receives of acks, one a worker.
void master(std::vector<std::byte>& buffers, int chunk, int workers, std::int64_t per_worker) {
  const MPI_Comm comm = bench::world().native();
  const auto lanes = static_cast<std::size_t>(kWindow) * static_cast<std::size_t>(workers);
  Requests requests{lanes + static_cast<std::size_t>(workers)};
  std::vector<std::int64_t> sent(static_cast<std::size_t>(workers));
  std::vector<std::int64_t> acknowledged(static_cast<std::size_t>(workers));
  std::int64_t acks = 0;
  const auto send = [&](std::size_t lane) {
    const std::size_t worker = lane / kWindow;
    if (sent[worker] == per_worker || sent[worker] - acknowledged[worker] == kWindow) return false;
    ++sent[worker];
    MPI_Isend(buffers.data() + lane * static_cast<std::size_t>(chunk), chunk, MPI_BYTE,
              static_cast<int>(worker) + 1, kData, comm, &requests[lane]);
    return true;
  };
  const auto hear = [&](std::size_t worker) {
    MPI_Irecv(nullptr, 0, MPI_BYTE, static_cast<int>(worker) + 1, kAck, comm,
              &requests[lanes + worker]);
  };
  for (std::size_t worker = 0; worker < sent.size(); ++worker) hear(worker);
  std::vector<std::vector<std::size_t>> idle(static_cast<std::size_t>(workers));
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    if (!send(lane)) idle[lane / kWindow].push_back(lane);
  }
  while (acks < per_worker * workers) {
    requests.test([&](std::size_t row) {
      const std::size_t worker = row < lanes ? row / kWindow : row - lanes;
      if (row < lanes) {
        idle[worker].push_back(row);
      } else {
        ++acks;
        if (++acknowledged[worker] < per_worker) hear(worker);
      }
      while (!idle[worker].empty() && send(idle[worker].back())) idle[worker].pop_back();
    });
  }
  // The last sends have been received: they complete at once.
  for (std::size_t lane = 0; lane < lanes; ++lane) MPI_Wait(&requests[lane], MPI_STATUS_IGNORE);
}

// Rows 0 .. window - 1 are the receives, the others the acks.
void worker(std::vector<std::byte>& buffers, int chunk, std::int64_t chunks) {
  const MPI_Comm comm = bench::world().native();
  Requests requests{2 * kWindow};
  const auto receive = [&](std::size_t lane) {
    MPI_Irecv(buffers.data() + lane * static_cast<std::size_t>(chunk), chunk, MPI_BYTE, 0, kData,
              comm, &requests[lane]);
  };
  std::int64_t posted = 0;
  std::int64_t received = 0;
  for (std::size_t lane = 0; lane < kWindow && posted < chunks; ++lane, ++posted) receive(lane);
  while (received < chunks) {
    requests.test([&](std::size_t row) {
      if (row >= kWindow) return;
      ++received;
      MPI_Wait(&requests[kWindow + row], MPI_STATUS_IGNORE);  // an ack of 0 bytes left long ago
      MPI_Isend(nullptr, 0, MPI_BYTE, 0, kAck, comm, &requests[kWindow + row]);
      if (posted < chunks) {
        receive(row);
        ++posted;
      }
    });
  }
  for (std::size_t row = 0; row < 2 * kWindow; ++row) MPI_Wait(&requests[row], MPI_STATUS_IGNORE);
}

void transport(benchmark::State& state) {
  const auto& world = bench::world();
  const auto chunk = static_cast<int>(state.range(0));
  const int workers = world.size() - 1;
  if (workers < 1) {
    state.SkipWithError("needs at least 2 ranks: mpirun -n 3 ...");
    return;
  }
  const std::int64_t per_worker = (kBytes / chunk + workers - 1) / workers;
  const auto lanes = static_cast<std::size_t>(kWindow) *
                     static_cast<std::size_t>(world.rank() == kMaster ? workers : 1);
  std::vector<std::byte> buffers(lanes * static_cast<std::size_t>(chunk), std::byte{1});
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    if (world.rank() == kMaster) {
      master(buffers, chunk, workers, per_worker);
    } else {
      worker(buffers, chunk, per_worker);
    }
    bench::set_time(
        state, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  state.SetBytesProcessed(state.iterations() * per_worker * workers * chunk);
  state.counters["ranks"] = world.size();
}

BENCHMARK(transport)
    ->RangeMultiplier(4)
    ->Range(1 << 10, 16 << 20)
    ->ArgName("chunk")
    ->Iterations(3)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
