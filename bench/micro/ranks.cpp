#include "bench/micro/ranks.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "bench/limits/numbers.hpp"
#include "bench/micro/options.hpp"
#include "engine/mpi/environment.hpp"
#include "engine/mpi/finalize.hpp"
#include "engine/mpi/oversubscription.hpp"

namespace mpiferry::bench {
namespace {

std::optional<mpi::Communicator>& storage() {
  static std::optional<mpi::Communicator> communicator;
  return communicator;
}

// So much that the first touch of the buffers, a matter of the start, does not count.
std::int64_t& bytes_a_case() {
  static std::int64_t bytes = std::int64_t{1} << 30;
  return bytes;
}

// Reports nothing on the ranks that do not print, even for a filter that matches nothing.
class Silent : public benchmark::BenchmarkReporter {
 public:
  Silent() { SetErrorStream(&nowhere_); }
  bool ReportContext(const Context& /*context*/) override { return true; }
  void ReportRuns(const std::vector<Run>& /*runs*/) override {}

 private:
  std::ostream nowhere_{nullptr};
};

// With the arguments of this rank: one rank writes the file. Returns the exit code.
int run_benchmarks(int argc, char** argv, bool prints) {
  constexpr std::string_view kBytes = "--bytes=";
  check_options({argv, static_cast<std::size_t>(argc)});
  std::vector<char*> arguments;
  for (char* argument : std::span{argv, static_cast<std::size_t>(argc)}) {
    if (const std::string_view option{argument}; option.starts_with(kBytes)) {
      bytes_a_case() = static_cast<std::int64_t>(
          limits::number("--bytes", option.substr(kBytes.size()), 1, std::uint64_t{1} << 50U));
    } else if (option == "--bytes") {
      throw std::invalid_argument{"--bytes: takes its number as in --bytes=1073741824"};
    } else if (prints || !option.starts_with("--benchmark_out")) {
      arguments.push_back(argument);
    }
  }
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&count, arguments.data());
  if (count > 1) {
    if (prints) benchmark::ReportUnrecognizedArguments(count, arguments.data());
    return 2;
  }
  Silent silent;
  const std::size_t found =
      prints ? benchmark::RunSpecifiedBenchmarks() : benchmark::RunSpecifiedBenchmarks(&silent);
  return code_of(found);
}

}  // namespace

const mpi::Communicator& world() { return *storage(); }

mpi::Backoff backoff() {
  static const double oversubscription = mpi::ranks_per_core(world());
  return mpi::Backoff{mpi::BackoffLimits::for_oversubscription(oversubscription)};
}

void chunks_and_windows(benchmark::internal::Benchmark* benchmark) {
  // Beyond this a window only takes memory: 8 workers of it are 512 MiB.
  constexpr std::int64_t kMaxInFlight = 64 << 20;
  for (std::int64_t chunk = 1 << 10; chunk <= 16 << 20; chunk *= 4) {
    for (std::int64_t window = 1; window <= 64; window *= 2) {
      if (chunk * window <= kMaxInFlight) benchmark->Args({chunk, window});
    }
  }
  benchmark->ArgNames({"chunk", "window"})
      ->Iterations(1)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

std::int64_t chunks_a_worker(std::int64_t chunk) {
  constexpr std::int64_t kMaxChunks = 262144;
  const std::int64_t workers = world().size() - 1;
  const std::int64_t chunks = std::clamp<std::int64_t>(bytes_a_case() / chunk, 1, kMaxChunks);
  return (chunks + workers - 1) / workers;
}

void count_moved(benchmark::State& state, std::int64_t chunk) {
  const std::int64_t workers = world().size() - 1;
  state.SetBytesProcessed(state.iterations() * chunks_a_worker(chunk) * workers * chunk);
  state.counters["ranks"] = world().size();
}

}  // namespace mpiferry::bench

int main(int argc, char** argv) {
  using namespace mpiferry;
  const mpi::Environment environment;
  const std::span arguments{argv, static_cast<std::size_t>(argc)};
  const bool lists = std::ranges::any_of(arguments, [](std::string_view argument) {
    return argument == "--benchmark_list_tests" || argument == "--benchmark_list_tests=true";
  });
  if (environment.size() < 2 && !lists) {
    std::fprintf(stderr, "%s: error: needs at least 2 ranks: mpirun -n 3 %s ...\n", argv[0],
                 argv[0]);
    mpi::finalize_and_exit(2);
  }
  bench::storage().emplace(mpi::Communicator::duplicate(mpi::Environment::world()));
  const bool prints = bench::world().rank() == kMaster;
  int code = 2;
  try {
    code = bench::run_benchmarks(argc, argv, prints);
  } catch (const std::invalid_argument& error) {  // on every rank: they have the same arguments
    if (prints) std::fprintf(stderr, "%s: error: %s\n", argv[0], error.what());
  }
  bench::storage().reset();
  mpi::finalize_and_exit(code);
}
