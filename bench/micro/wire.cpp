// What a header and an ack cost on their way to bytes and back.
#include <array>
#include <cstddef>

#include <benchmark/benchmark.h>

#include "engine/wire/ack.hpp"
#include "engine/wire/header.hpp"

namespace {

using namespace mpiferry;

const wire::Header kHeader{.kind = wire::Kind::chunk,
                           .job_id = 7,
                           .chunk = {42},
                           .offset = {42U << 20U},
                           .length = {0},
                           .attempt = 1,
                           .payload_digest = 0x0123456789abcdef};
const wire::Ack kAck{.chunk = {42}, .attempt = 1};

void encode_header(benchmark::State& state) {
  std::array<std::byte, kHeaderSize> out{};
  for (auto _ : state) {
    wire::encode(kHeader, out);
    benchmark::DoNotOptimize(out);
  }
  state.SetItemsProcessed(state.iterations());
}

void decode_header(benchmark::State& state) {
  std::array<std::byte, kHeaderSize> in{};
  wire::encode(kHeader, in);
  for (auto _ : state) {
    benchmark::DoNotOptimize(in);
    const auto header = wire::decode(in);
    if (!header) state.SkipWithError("a header that encode has made was refused");
    benchmark::DoNotOptimize(&header);
  }
  state.SetItemsProcessed(state.iterations());
}

void encode_ack(benchmark::State& state) {
  std::array<std::byte, wire::kAckSize> out{};
  for (auto _ : state) {
    wire::encode(kAck, out);
    benchmark::DoNotOptimize(out);
  }
  state.SetItemsProcessed(state.iterations());
}

void decode_ack(benchmark::State& state) {
  std::array<std::byte, wire::kAckSize> in{};
  wire::encode(kAck, in);
  for (auto _ : state) {
    benchmark::DoNotOptimize(in);
    const auto ack = wire::decode_ack(in);
    if (!ack) state.SkipWithError("an ack that encode has made was refused");
    benchmark::DoNotOptimize(&ack);
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(encode_header);
BENCHMARK(decode_header);
BENCHMARK(encode_ack);
BENCHMARK(decode_ack);

}  // namespace
