// What MpiContext adds to MPI: rank 1 sends, rank 0 receives; once with a bare MPI_Testsome loop,
// once with async_wait. And how late an ack is noticed on each rung of the backoff ladder.
#include "engine/mpi/mpi_context.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <sched.h>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>
#include <mpi.h>

#include "bench/micro/ranks.hpp"

namespace {

using namespace mpiferry;
using Clock = std::chrono::steady_clock;

constexpr int kTag = 22;
constexpr int kGo = 11;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

bool two_ranks(benchmark::State& state) {
  if (bench::world().size() == 2) return true;
  state.SkipWithError("needs 2 ranks: mpirun -n 2 ...");
  return false;
}

// Waits without holding the core.
void finish(std::vector<MPI_Request>& requests) {
  for (int done = 0; done == 0;) {
    MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE);
    if (done == 0) ::sched_yield();
  }
}

// Rank 1: `count` messages of a header, as soon as rank 0 is ready for them.
void send_messages(std::size_t count) {
  const MPI_Comm comm = bench::world().native();
  std::vector<MPI_Request> requests(1);
  MPI_Irecv(nullptr, 0, MPI_BYTE, 0, kGo, comm, requests.data());
  finish(requests);
  static const std::byte header[kHeaderSize] = {};
  requests.assign(count, MPI_REQUEST_NULL);
  for (MPI_Request& request : requests) {
    MPI_Isend(header, kHeaderSize, MPI_BYTE, 0, kTag, comm, &request);
  }
  finish(requests);
}

void say_go() { MPI_Send(nullptr, 0, MPI_BYTE, 1, kGo, bench::world().native()); }

void bare_testsome(benchmark::State& state) {
  if (!two_ranks(state)) return;
  const auto outstanding = static_cast<std::size_t>(state.range(0));
  const MPI_Comm comm = bench::world().native();
  std::vector<std::byte> buffers(outstanding * kHeaderSize);
  std::vector<MPI_Request> requests(outstanding, MPI_REQUEST_NULL);
  std::vector<int> indices(outstanding);
  std::vector<MPI_Status> statuses(outstanding);
  for (auto _ : state) {
    if (bench::world().rank() != kMaster) {
      send_messages(outstanding);
      bench::set_time(state, 0);
      continue;
    }
    say_go();
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < outstanding; ++i) {
      MPI_Irecv(buffers.data() + i * kHeaderSize, kHeaderSize, MPI_BYTE, 1, kTag, comm,
                &requests[i]);
    }
    for (std::size_t left = outstanding; left > 0;) {
      int done = 0;
      MPI_Testsome(static_cast<int>(outstanding), requests.data(), &done, indices.data(),
                   statuses.data());
      if (done == 0) ::sched_yield();
      left -= static_cast<std::size_t>(done);
    }
    bench::set_time(state, seconds_since(begin));
  }
  bench::count_each(state, state.range(0));
}

struct Count {
  std::size_t* left;
  void operator()(const mpi::ErrorCode& /*error*/, const mpi::Completion& /*completion*/) const {
    --*left;
  }
};

void async_wait(benchmark::State& state) {
  if (!two_ranks(state)) return;
  const auto outstanding = static_cast<std::size_t>(state.range(0));
  boost::asio::io_context io{1};
  auto& context = boost::asio::use_service<mpi::MpiContext>(io);
  BufferPool pool{Bytes{0}, outstanding};
  for (auto _ : state) {
    if (bench::world().rank() != kMaster) {
      send_messages(outstanding);
      bench::set_time(state, 0);
      continue;
    }
    say_go();
    const auto begin = Clock::now();
    std::size_t left = outstanding;
    for (std::size_t i = 0; i < outstanding; ++i) {
      const auto operation = context.irecv(bench::world(), *pool.try_acquire(), Rank{1}, kTag);
      mpi::async_wait(context, operation, Count{&left});
    }
    io.restart();
    io.run();
    if (left != 0) state.SkipWithError("the loop ended before the last message");
    bench::set_time(state, seconds_since(begin));
  }
  bench::count_each(state, state.range(0));
}

// From the moment at which rank 1 sends to the handler, for a rank that has waited 2 ms.
void ack_latency(benchmark::State& state, const mpi::BackoffLimits& limits) {
  if (!two_ranks(state)) return;
  boost::asio::io_context io{1};
  auto& context = boost::asio::use_service<mpi::MpiContext>(io);
  context.set_backoff(limits);
  BufferPool pool{Bytes{0}, 1};
  const MPI_Comm comm = bench::world().native();
  for (auto _ : state) {
    if (bench::world().rank() != kMaster) {
      std::vector<MPI_Request> request(1);
      MPI_Irecv(nullptr, 0, MPI_BYTE, 0, kGo, comm, request.data());
      finish(request);
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
      std::int64_t message[kHeaderSize / sizeof(std::int64_t)] = {
          Clock::now().time_since_epoch().count()};
      MPI_Isend(message, kHeaderSize, MPI_BYTE, 0, kTag, comm, request.data());
      finish(request);
      bench::set_time(state, 0);
      continue;
    }
    double seconds = 0;
    const auto operation = context.irecv(bench::world(), *pool.try_acquire(), Rank{1}, kTag);
    mpi::async_wait(
        context, operation, [&](const mpi::ErrorCode&, const mpi::Completion& completion) {
          std::int64_t sent = 0;
          std::memcpy(&sent, completion.lease.header().data(), sizeof sent);
          // One clock for all processes of a host.
          seconds =
              std::chrono::duration<double>(Clock::now().time_since_epoch() - Clock::duration{sent})
                  .count();
        });
    say_go();
    io.restart();
    io.run();
    bench::set_time(state, seconds);
  }
}

constexpr std::uint32_t kForEver = 1'000'000'000;

void fixed(benchmark::internal::Benchmark* benchmark) {
  benchmark->Iterations(2000)->UseManualTime();
}

BENCHMARK(bare_testsome)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->ArgName("outstanding")->Apply(fixed);
BENCHMARK(async_wait)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->ArgName("outstanding")->Apply(fixed);
BENCHMARK_CAPTURE(ack_latency, spin, {.spins = kForEver})->Iterations(300)->UseManualTime();
BENCHMARK_CAPTURE(ack_latency, yield, {.spins = 0, .yields = kForEver})
    ->Iterations(300)
    ->UseManualTime();
BENCHMARK_CAPTURE(ack_latency, nap, {.spins = 0, .yields = 0})->Iterations(300)->UseManualTime();
BENCHMARK_CAPTURE(ack_latency, nap_when_oversubscribed,
                  mpi::BackoffLimits::for_oversubscription(4.5))
    ->Iterations(300)
    ->UseManualTime();

}  // namespace
