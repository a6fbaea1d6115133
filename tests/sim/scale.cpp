#include "tests/sim/scale.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "tests/sim/decision_cost.hpp"
#include "tests/sim/run.hpp"

namespace mpiferry::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::uint32_t, 4> kWorkers{10, 100, 1'000, 10'000};
constexpr std::uint64_t kChunksOfAWorker = 20;

// docs/results/benchmarks.md, core-seconds a GB, which is also nanoseconds a byte.
constexpr double kRead = 0.13;
constexpr double kMasterDigests = 0.06;
constexpr double kWorkerDigest = 0.03;
constexpr double kWrite = 0.49;
// There, too: 38 us of both cores a chunk of 1 KiB, 11 % of it rank 0: for a chunk out and an
// answer in.
constexpr Duration kSend = 2'100ns;
constexpr Duration kHear = 2'100ns;
// There, too: open, write, rename and close of a small file by two processes at once.
constexpr Duration kFile = 22'800ns;
// Assumed: a switched fabric.
constexpr Duration kLatency = 2us;
constexpr Duration kPoll = 1us;

struct Shape {
  std::uint64_t chunk_bytes;
  std::uint32_t window;         // the default for that chunk size
  std::uint64_t memory_chunks;  // 256 MiB of them, the default
  double nic_gbit;
  double write;  // ns a byte
};
constexpr double kSlowDisk = 5;  // 200 MB/s
constexpr std::array kShapes{
    Shape{1U << 20U, 8, 256, 10, kWrite}, Shape{1U << 20U, 8, 256, 100, kWrite},
    Shape{1U << 20U, 8, 256, 100, kSlowDisk}, Shape{1U << 16U, 32, 4096, 100, kWrite}};

Duration nanoseconds(double ns) { return Duration{static_cast<Duration::rep>(ns)}; }
std::string rule(int columns) {
  std::string text;
  for (int i = 0; i < columns; ++i) text += "| --- ";
  return text;
}
double in_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

Scenario scenario_of(const Shape& shape, std::uint32_t workers) {
  const auto bytes = static_cast<double>(shape.chunk_bytes);
  Scenario it;
  it.workers = workers;
  it.window = shape.window;
  it.memory_chunks = shape.memory_chunks;
  it.chunk_size = {16};
  it.source_size = {std::max<std::uint64_t>(2'000, workers * kChunksOfAWorker) * 16};
  it.stall_timeout = 60s;
  it.steady = true;
  it.latency = kLatency;
  it.poll = kPoll;
  it.read = kSend + nanoseconds(bytes * (kRead + kMasterDigests));
  it.hear = kHear;
  // Two calls of the simulated disk a chunk: open, and write with rename.
  it.write = (kFile + nanoseconds(bytes * (kWorkerDigest + shape.write))) / 2;
  it.bytes_per_ns = shape.nic_gbit / 8;
  it.size_factor = bytes / 16;
  it.one_eager_in = std::uint64_t{1} << 62U;  // large messages wait for their receive
  return it;
}

std::string bound_of(double nic, double master, double worker) {
  const double most = std::max({nic, master, worker});
  if (most < 0.8) return "waiting";
  return most == nic ? "NIC" : most == master ? "master's core" : "workers";
}

// False if the job did not end well.
bool print_row(const Shape& shape, std::uint32_t workers) {
  const Scenario scenario = scenario_of(shape, workers);
  const RunResult result = run(scenario);
  if (result.breach || result.verdict != Errc::ok) {
    fmt::print(
        "{} workers: {}\n", workers,
        result.breach ? result.breach->what : error_name(result.verdict.value_or(Errc::internal)));
    return false;
  }
  const double transfer = in_seconds(result.transfer);
  const double gigabytes = static_cast<double>(scenario.chunks() * shape.chunk_bytes) / 1e9;
  const double nic = in_seconds(result.nic_busy) / transfer;
  const double master = in_seconds(result.master_busy) / transfer;
  const double worker = in_seconds(result.worker_busy) / transfer;
  fmt::print(
      "| {} Gbit/s | {:.1f} GB/s | {} KiB | {} | {} | {} | {:.1f} | {:.2f} | {:.2f} | {:.0f} % | "
      "{:.0f} % | "
      "{:.0f} % | "
      "{:.0f} | {:.0f} | {} |\n",
      shape.nic_gbit, 1 / shape.write, shape.chunk_bytes >> 10U, workers,
      scenario.effective_window(), scenario.chunks(), gigabytes, in_seconds(result.elapsed),
      gigabytes / transfer, 100 * nic, 100 * master, 100 * worker,
      static_cast<double>(result.peak_buffers * shape.chunk_bytes) / (1U << 20U),
      static_cast<double>(2 * scenario.chunks() + result.messages_heard) / transfer / 1000,
      bound_of(nic, master, worker));
  std::fflush(stdout);
  return true;
}

}  // namespace

int print_scale() {
  bool well = true;
  fmt::print(
      "| NIC | disks | chunk | workers | window | chunks | GB | job s | GB/s | NIC | master's core "
      "| a worker | buffers MiB | thousand events/s | bound by |\n{}|\n",
      rule(15));
  for (const Shape& shape : kShapes) {
    for (const std::uint32_t workers : kWorkers) well = print_row(shape, workers) && well;
  }
  fmt::print(
      "\n| workers | state KiB | a chunk, ns | a tick, us | beside a damaged chunk, us "
      "| all answers, ms |\n{}|\n",
      rule(6));
  for (const std::uint32_t workers : kWorkers) {
    const DecisionCost cost = measure_decisions(workers);
    fmt::print("| {} | {:.0f} | {:.0f} | {:.1f} | {:.1f} | {:.2f} |\n", workers,
               static_cast<double>(cost.state_bytes) / 1024, cost.chunk_ns, cost.tick_ns / 1e3,
               cost.damaged_ns / 1e3, cost.answers_ns / 1e6);
  }
  return well ? 0 : 1;
}

}  // namespace mpiferry::sim
