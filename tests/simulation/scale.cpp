#include "tests/simulation/scale.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/resource.h>

#include <fmt/format.h>

#include "engine/operations/scatter/scatter_master.hpp"
#include "tests/simulation/job.hpp"

namespace mpiferry::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::uint32_t, 4> kWorkers{10, 100, 1'000, 5'000};
constexpr std::uint64_t kMinChunks = 2'000;
constexpr std::uint64_t kChunksOfAWorker = 20;
constexpr Bytes kSimulatedChunk{16};  // stands for a larger one

// docs/results/benchmarks.md, core-seconds a GB, which is also nanoseconds a byte.
constexpr double kRead = 0.13;
constexpr double kMasterDigests = 0.06;
constexpr double kWorkerDigest = 0.03;
constexpr double kWrite = 0.49;
// From there, too: a chunk of 1 KiB takes 38 us of both cores, 11 % of it on rank 0, for a chunk
// out and an acknowledgement in.
constexpr Duration kMessage = 2'100ns;
// From there, too: two processes open, write, rename and close a small file at once.
constexpr Duration kFile = 22'800ns;
// This is assumed for a switched fabric.
constexpr Duration kLatency = 2us;

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

std::uint64_t chunks_of(std::uint32_t workers) {
  return std::max(kMinChunks, workers * kChunksOfAWorker);
}

Speeds speeds_of(const Shape& shape) {
  return {.bytes_for_one =
              static_cast<double>(shape.chunk_bytes) / static_cast<double>(kSimulatedChunk.value),
          .send = kRead + kMasterDigests,
          .receive = kWorkerDigest + shape.write,
          .each_sent = kMessage,
          .each_received = kMessage,
          .file = kFile,
          .nic = shape.nic_gbit / 8,
          .latency = kLatency};
}

ScatterOptions options_of(const Shape& shape) {
  ScatterOptions options;
  options.source = "/source";
  options.destination = "/out";
  options.chunk_size = kSimulatedChunk;
  options.job.window = shape.window;
  options.job.memory = Bytes{shape.memory_chunks * kSimulatedChunk.value};
  options.discard = true;  // what writing takes is in the model
  return options;
}

double in_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

std::string bound_of(double nic, double master, double worker) {
  const double most = std::max({nic, master, worker});
  if (most < 0.8) return "waiting";
  return most == nic ? "NIC" : most == master ? "master's core" : "workers";
}

// False if the job did not end well.
bool print_row(const Shape& shape, std::uint32_t workers) {
  const std::uint64_t chunks = chunks_of(workers);
  World world{workers};
  Network network{world};
  network.speeds = speeds_of(shape);
  Disks disks{world, workers + 1, /*shared=*/true};
  disks.of(kMaster).write_file("/source", std::string(chunks * kSimulatedChunk.value, 'x'));
  const ScatterOptions options = options_of(shape);
  Observer nobody;
  Job job{network, disks, workers, 1, options.job.session(), nobody};
  operations::ScatterMaster half{job.master(), options};
  const bool ended = job.run(half, 24h);
  const ScatterReport report = half.report(job.master().report());
  if (!ended || !report.job.ok()) {
    fmt::print("{} workers: {}\n", workers,
               report.job.failure ? report.job.failure->message() : "the job does not end");
    return false;
  }
  Duration busiest{};
  for (std::uint32_t rank = 1; rank <= workers; ++rank) {
    busiest = std::max(busiest, job.ranks()[Rank{static_cast<int>(rank)}].busy());
  }
  const double transfer = in_seconds(report.job.transfer_time);
  const double gigabytes = static_cast<double>(chunks * shape.chunk_bytes) / 1e9;
  const double nic = gigabytes / (shape.nic_gbit / 8) / transfer;
  const double master = in_seconds(job.ranks()[kMaster].busy()) / transfer;
  const double worker = in_seconds(busiest) / transfer;
  fmt::print(
      "| {} Gbit/s | {:.1f} GB/s | {} KiB | {} | {} | {} | {:.1f} | {:.2f} | {:.0f} % | {:.0f} % | "
      "{:.0f} % | {:.0f} | {} |\n",
      shape.nic_gbit, 1 / shape.write, shape.chunk_bytes >> 10U, workers, shape.window, chunks,
      in_seconds(report.job.elapsed), gigabytes / transfer, 100 * nic, 100 * master, 100 * worker,
      static_cast<double>(report.transfer.peak_buffers * shape.chunk_bytes) / (1U << 20U),
      bound_of(nic, master, worker));
  std::fflush(stdout);
  return true;
}

// Whether so many ranks can be simulated: an event loop of Asio has three descriptors.
bool has_descriptors(std::uint32_t ranks) {
  constexpr rlim_t kOthers = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return true;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
  return limit.rlim_cur >= rlim_t{3} * ranks + kOthers;
}

}  // namespace

int print_scale() {
  fmt::print(
      "| NIC | disks | chunk | workers | window | chunks | job s | GB/s | NIC | master's core | a "
      "worker | buffers MiB | bound by |\n|{}\n",
      " --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  bool well = true;
  for (const Shape& shape : kShapes) {
    for (const std::uint32_t workers : kWorkers) {
      if (has_descriptors(workers + 1)) {
        well = print_row(shape, workers) && well;
      } else {
        fmt::print("SKIPPED: {} workers: too few files may be open (ulimit -Hn)\n", workers);
      }
    }
  }
  return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace mpiferry::simulation
