// exact_instructions PATH CHUNKS: a job of so many chunks with the code that ships, on a simulated
// network and disk, always the same way. instructions.py counts the instructions that measured()
// takes.
//
// exact_instructions build: what it was built with, as far as that decides which instructions there
// are.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "engine/operations/gather/gather_master.hpp"
#include "engine/operations/retrieval/retrieval_master.hpp"
#include "engine/operations/scatter/scatter_master.hpp"
#include "engine/wire/digest.hpp"
#include "engine/wire/header.hpp"
#include "tests/simulation/job.hpp"

namespace {

using namespace mpiferry;
using namespace std::chrono_literals;

constexpr std::uint32_t kWorkers = 2;
constexpr std::uint32_t kWindow = 8;
constexpr Bytes kChunk{32};  // digested by xxHash, whose instructions are not counted

constexpr const char* kSource = "/source";
constexpr const char* kTarget = "/target";

// Two workers, whose messages always take the same time.
struct Cluster {
  explicit Cluster(std::uint64_t chunks) {
    network.speeds = simulation::Speeds{
        .each_sent = 2us, .each_received = 2us, .file = 2us, .nic = 1, .latency = 2us};
    disks.of(kMaster).write_file(kSource, std::string(chunks * kChunk.value, 'x'));
  }

  Observer nobody;
  simulation::World world{1};
  simulation::Network network{world};
  simulation::Disks disks{world, kWorkers + 1, /*shared=*/true};
};

ScatterOptions scatter_options() {
  ScatterOptions options;
  options.source = kSource;
  options.destination = "/out";
  options.chunk_size = kChunk;
  options.job.window = kWindow;
  return options;
}

GatherOptions gather_options() {
  GatherOptions options;
  options.directory = "/out";
  options.target = kTarget;
  options.job.window = kWindow;
  return options;
}

// Every chunk arrives damaged the first time.
void damage_first_attempts(simulation::Network& network) {
  network.on_arrival = [](Rank, Rank, int, std::vector<std::byte>& message) {
    const auto header = wire::decode(message);
    if (header && header->kind == wire::Kind::chunk && header->attempt == 0) {
      message.back() ^= std::byte{1};
    }
  };
}

bool ends_well(simulation::Job& job, job::MasterHalf& half) {
  return job.run(half, 24h) && job.master().report().ok();
}

// By this name callgrind knows when to count.
extern "C" [[gnu::noinline]] bool measured(simulation::Job& job, job::MasterHalf& half) {
  return ends_well(job, half);
}

bool scatter(Cluster& cluster, bool count) {
  const ScatterOptions options = scatter_options();
  simulation::Job job{cluster.network,       cluster.disks, kWorkers, 1,
                      options.job.session(), cluster.nobody};
  operations::ScatterMaster half{job.master(), options};
  return count ? measured(job, half) : ends_well(job, half);
}

bool gather(Cluster& cluster) {
  const GatherOptions options = gather_options();
  simulation::Job job{cluster.network,       cluster.disks, kWorkers, 2,
                      options.job.session(), cluster.nobody};
  operations::GatherMaster consumer{options};
  operations::RetrievalMaster half{job.master(), options.directory, options.job, consumer};
  return measured(job, half);
}

void print_build() {
#if defined(__clang__)
  std::string build = "clang " + std::to_string(__clang_major__);
#elif defined(__GNUC__)
  std::string build = "g++ " + std::to_string(__GNUC__);
#else
  std::string build = "another compiler";
#endif
#ifdef __x86_64__
  build += " x86-64 ";
#else
  build += " another-processor ";
#endif
  build += EXACT_BUILD_TYPE;
  // What compilers of some distributions, or the builder, add; each changes the instructions.
#ifndef __OPTIMIZE__
  build += " unoptimized";
#endif
#ifndef NDEBUG
  build += " assertions";
#endif
#ifdef MPIFERRY_SANITIZED
  build += " sanitized";
#endif
#ifdef __CET__
  build += " cet";
#endif
#if defined(__SSP__) || defined(__SSP_STRONG__) || defined(__SSP_ALL__)
  build += " stack-protector";
#endif
#if defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE > 0
  build += " fortified";
#endif
#ifdef __SSE3__
  build += " march";
#endif
  if (std::string_view{EXACT_FLAGS} != "") build += " with " EXACT_FLAGS;
  if (!wire::digests_are_real()) build += " without-digests";
  std::puts(build.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view path = argc > 1 ? argv[1] : "";
  if (path == "build" && argc == 2) {
    print_build();
    return 0;
  }
  const std::uint64_t chunks = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
  const bool gathers = path == "gather";
  if (chunks == 0 || !(gathers || path == "scatter" || path == "scatter.damaged")) {
    std::fputs("usage: exact_instructions build | {scatter,scatter.damaged,gather} CHUNKS\n",
               stderr);
    return 2;
  }
  Cluster cluster{chunks};
  if (path == "scatter.damaged") damage_first_attempts(cluster.network);
  if (!scatter(cluster, !gathers) || (gathers && !gather(cluster))) {
    std::fputs("exact_instructions: a job did not end well\n", stderr);
    return 1;
  }
  return 0;
}
