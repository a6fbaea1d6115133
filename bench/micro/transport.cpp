// What MPI itself gives: windows of MPI_Isend and MPI_Irecv, one MPI_Testsome, no files, no
// digests, no event loop. The limit for the engine at this chunk size and number of ranks. It waits
// as the engine does, or else it would be no limit where ranks share cores.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <sched.h>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>
#include <mpi.h>

#include "bench/limits/pages.hpp"
#include "bench/micro/ranks.hpp"
#include "engine/mpi/backoff.hpp"

namespace {

using namespace mpiferry;

constexpr int kData = 11;
constexpr int kAck = 22;

// What a case moves, the same on every rank.
struct Load {
  int chunk = 0;           // bytes
  std::size_t window = 0;  // chunks in flight to one worker
  std::size_t workers = 0;
  std::int64_t per_worker = 0;  // chunks
};

// All requests of a rank, tested together.
class Requests {
 public:
  explicit Requests(std::size_t count) : requests_(count, MPI_REQUEST_NULL), completed_(count) {}
  MPI_Request& operator[](std::size_t i) { return requests_[i]; }

  // Calls `handle` with the index of every request that has completed.
  template <class Handle>
  void test(const Handle& handle) {
    using Clock = std::chrono::steady_clock;
    int count = 0;
    const auto began = Clock::now();
    MPI_Testsome(static_cast<int>(requests_.size()), requests_.data(), &count, completed_.data(),
                 MPI_STATUSES_IGNORE);
    if (count == MPI_UNDEFINED || count == 0) {
      if (!progress_detector_.moved(Clock::now() - began, requests_.size())) wait();
      return;
    }
    backoff_.reset();
    progress_detector_.completed();
    for (int i = 0; i < count; ++i) {
      handle(static_cast<std::size_t>(completed_[static_cast<std::size_t>(i)]));
    }
  }

 private:
  void wait() {
    const mpi::BackoffStep step = backoff_.next();
    if (step.kind == mpi::BackoffStep::Kind::yield) ::sched_yield();
    if (step.kind == mpi::BackoffStep::Kind::nap) std::this_thread::sleep_for(step.nap);
  }

  std::vector<MPI_Request> requests_;
  std::vector<int> completed_;
  mpi::Backoff backoff_ = bench::backoff();
  mpi::ProgressDetector progress_detector_;
};

// Rows 0 .. window * workers - 1 are the sends, the next ones the receives of acks, one a worker.
void master(const limits::Pages& buffers, const Load& load) {
  const MPI_Comm comm = bench::world().native();
  const std::size_t slots = load.window * load.workers;
  Requests requests{slots + load.workers};
  std::vector<std::int64_t> sent(load.workers);
  std::vector<std::int64_t> acknowledged(load.workers);
  std::int64_t owed = load.per_worker * static_cast<std::int64_t>(load.workers);
  const auto send = [&](std::size_t slot) {
    const std::size_t worker = slot / load.window;
    const auto in_flight = static_cast<std::size_t>(sent[worker] - acknowledged[worker]);
    if (sent[worker] == load.per_worker || in_flight == load.window) return false;
    ++sent[worker];
    MPI_Isend(buffers.data() + slot * static_cast<std::size_t>(load.chunk), load.chunk, MPI_BYTE,
              static_cast<int>(worker) + 1, kData, comm, &requests[slot]);
    return true;
  };
  const auto receive_ack = [&](std::size_t worker) {
    MPI_Irecv(nullptr, 0, MPI_BYTE, static_cast<int>(worker) + 1, kAck, comm,
              &requests[slots + worker]);
  };
  for (std::size_t worker = 0; worker < load.workers; ++worker) receive_ack(worker);
  std::vector<std::vector<std::size_t>> idle(load.workers);
  for (std::size_t slot = 0; slot < slots; ++slot) {
    if (!send(slot)) idle[slot / load.window].push_back(slot);
  }
  while (owed > 0) {
    requests.test([&](std::size_t row) {
      const std::size_t worker = row < slots ? row / load.window : row - slots;
      if (row < slots) {
        idle[worker].push_back(row);
      } else {
        --owed;
        if (++acknowledged[worker] < load.per_worker) receive_ack(worker);
      }
      while (!idle[worker].empty() && send(idle[worker].back())) idle[worker].pop_back();
    });
  }
  // The last sends have been received: they complete at once.
  for (std::size_t slot = 0; slot < slots; ++slot) MPI_Wait(&requests[slot], MPI_STATUS_IGNORE);
}

// Rows 0 .. window - 1 are the receives, the others the acks.
void worker(const limits::Pages& buffers, const Load& load) {
  const MPI_Comm comm = bench::world().native();
  Requests requests{2 * load.window};
  const auto receive = [&](std::size_t slot) {
    MPI_Irecv(buffers.data() + slot * static_cast<std::size_t>(load.chunk), load.chunk, MPI_BYTE, 0,
              kData, comm, &requests[slot]);
  };
  std::int64_t posted = 0;
  std::int64_t received = 0;
  for (std::size_t slot = 0; slot < load.window && posted < load.per_worker; ++slot, ++posted) {
    receive(slot);
  }
  while (received < load.per_worker) {
    requests.test([&](std::size_t row) {
      if (row >= load.window) return;
      ++received;
      MPI_Request& ack = requests[load.window + row];
      MPI_Wait(&ack, MPI_STATUS_IGNORE);  // an ack of 0 bytes left long ago
      if (posted < load.per_worker) {
        receive(row);
        ++posted;
      }
      MPI_Isend(nullptr, 0, MPI_BYTE, 0, kAck, comm, &ack);
    });
  }
  for (std::size_t row = 0; row < 2 * load.window; ++row) {
    MPI_Wait(&requests[row], MPI_STATUS_IGNORE);
  }
}

void transport(benchmark::State& state) {
  const auto ranks = static_cast<std::size_t>(bench::world().size());
  Load load{.chunk = static_cast<int>(state.range(0)),
            .window = static_cast<std::size_t>(state.range(1)),
            .workers = ranks - 1};
  load.per_worker = bench::chunks_a_worker(load.chunk);
  const bool sends = bench::world().rank() == kMaster;
  const std::size_t slots = load.window * (sends ? load.workers : 1);
  const limits::Pages buffers{slots * static_cast<std::size_t>(load.chunk)};
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    sends ? master(buffers, load) : worker(buffers, load);
    bench::set_time(
        state, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  bench::count_moved(state, load.chunk);
}

BENCHMARK(transport)->Apply(bench::chunks_and_windows);

}  // namespace
