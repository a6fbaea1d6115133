// What a digest costs: the chunk's XXH3-64 at once and in slices, the file's XXH128.
#include "engine/wire/digest.hpp"

#include <cstddef>
#include <vector>

#include <benchmark/benchmark.h>

namespace {

using namespace mpiferry;

constexpr std::int64_t kMin = 1 << 10;
constexpr std::int64_t kMax = 16 << 20;

std::vector<std::byte> bytes_of(const benchmark::State& state) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 31);
  return bytes;
}

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void chunk_at_once(benchmark::State& state) {
  const auto bytes = bytes_of(state);
  for (auto _ : state) benchmark::DoNotOptimize(wire::chunk_digest(bytes));
  count_bytes(state);
}

template <class Digest>
void streaming(benchmark::State& state) {
  const auto bytes = bytes_of(state);
  Digest digest;
  for (auto _ : state) {
    digest.update(bytes);
    benchmark::ClobberMemory();
  }
  benchmark::DoNotOptimize(digest.value());
  count_bytes(state);
}

BENCHMARK(chunk_at_once)->RangeMultiplier(4)->Range(kMin, kMax);
BENCHMARK(streaming<wire::ChunkDigest>)
    ->Name("chunk_streaming")
    ->RangeMultiplier(4)
    ->Range(kMin, kMax);
BENCHMARK(streaming<wire::FileDigest>)
    ->Name("file_streaming")
    ->RangeMultiplier(4)
    ->Range(kMin, kMax);

}  // namespace
