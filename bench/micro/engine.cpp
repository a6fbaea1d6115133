// What the engine makes of what MPI gives (transport.cpp, the same cases): the whole job, with its
// event loop, protocol, acks and digests, from a file without blocks (its bytes are zeros that no
// disk and little memory has to deliver) into workers that check every chunk and write none.
// engine / transport is what remains of MPI's speed.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include <benchmark/benchmark.h>

#include "bench/micro/ranks.hpp"
#include "engine/api/run.hpp"

namespace {

using namespace mpiferry;

// The source, gone when it is closed: rank 0 alone reads it, by its descriptor.
class SparseFile {
 public:
  explicit SparseFile(std::int64_t size) {
    const char* target = std::getenv("MPIFERRY_BENCH_TARGET");
    std::string path = std::string{target != nullptr ? target : "/dev/shm"} + "/engine-XXXXXX";
    descriptor_ = ::mkstemp(path.data());
    if (descriptor_ < 0 || ::unlink(path.c_str()) != 0 || ::ftruncate(descriptor_, size) != 0) {
      throw std::runtime_error{path + ": cannot be made; MPIFERRY_BENCH_TARGET names a place"};
    }
  }
  SparseFile(const SparseFile&) = delete;
  SparseFile& operator=(const SparseFile&) = delete;
  ~SparseFile() { ::close(descriptor_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_ = -1;
};

void engine(benchmark::State& state) {
  const std::int64_t chunk = state.range(0);
  const std::int64_t workers = bench::world().size() - 1;
  const SparseFile source{bench::chunks_a_worker(chunk) * workers * chunk};
  const ScatterOptions options{.source = source.path(),
                               .chunk_size = {static_cast<std::uint64_t>(chunk)},
                               .discard = true,
                               .job = {.window = static_cast<std::uint32_t>(state.range(1)),
                                       .memory = Bytes{std::uint64_t{4} << 30U}}};
  for (auto _ : state) {
    const ScatterReport report = scatter(bench::world().native(), options);
    if (const JobReport& job = report.job; !job.ok()) {
      state.SkipWithError(job.failure ? job.failure->message().c_str() : "the job failed");
      break;  // on every rank: they all have the verdict
    }
    bench::set_time(state, std::chrono::duration<double>(report.job.transfer_time).count());
  }
  bench::count_moved(state, chunk);
}

BENCHMARK(engine)->Apply(bench::chunks_and_windows);

}  // namespace
