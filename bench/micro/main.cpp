// Google Benchmark on one rank, or on none. Its own main() ends with 0 when no benchmark has the
// name that was asked for.
#include <cstddef>
#include <cstdio>
#include <span>
#include <stdexcept>

#include <benchmark/benchmark.h>

#include "bench/micro/options.hpp"

int main(int argc, char** argv) {
  using namespace mpiferry;
  try {
    bench::check_options({argv, static_cast<std::size_t>(argc)});
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "%s: error: %s\n", argv[0], error.what());
    return 2;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  return bench::code_of(benchmark::RunSpecifiedBenchmarks());
}
