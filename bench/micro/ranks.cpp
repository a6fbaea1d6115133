#include "bench/micro/ranks.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/mpi/environment.hpp"

namespace mpiferry::bench {
namespace {

std::optional<mpi::Communicator>& storage() {
  static std::optional<mpi::Communicator> communicator;
  return communicator;
}

class Silent : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& /*context*/) override { return true; }
  void ReportRuns(const std::vector<Run>& /*runs*/) override {}
};

// With the arguments of this rank: one rank writes the file. Returns the exit code.
int run_benchmarks(int argc, char** argv, bool speaks) {
  std::vector<char*> arguments;
  for (char* argument : std::span{argv, static_cast<std::size_t>(argc)}) {
    if (speaks || !std::string_view{argument}.starts_with("--benchmark_out")) {
      arguments.push_back(argument);
    }
  }
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  Silent silent;
  const std::size_t found =
      speaks ? benchmark::RunSpecifiedBenchmarks() : benchmark::RunSpecifiedBenchmarks(&silent);
  return found > 0 ? 0 : 1;
}

}  // namespace

const mpi::Communicator& world() { return *storage(); }

}  // namespace mpiferry::bench

int main(int argc, char** argv) {
  using namespace mpiferry;
  mpi::Environment environment;
  bench::storage().emplace(mpi::Communicator::duplicate(mpi::Environment::world()));
  const int code = bench::run_benchmarks(argc, argv, bench::world().rank() == kMaster);
  bench::storage().reset();
  environment.finalize({});
  return code;
}
