// What the protocol costs for one chunk, without MPI and without disks: the master's side for 1 to
// 4,096 workers, the worker's side.
#include <cstdint>
#include <deque>
#include <variant>

#include <benchmark/benchmark.h>

#include "engine/protocol/receiver.hpp"
#include "engine/protocol/sender.hpp"

namespace {

using namespace mpiferry;

constexpr std::uint32_t kWindow = 8;
constexpr Bytes kChunk{1024};

// Windows are full all the time: each step is the ack of the oldest chunk and the next chunk.
void sender(benchmark::State& state) {
  const auto workers = static_cast<std::uint32_t>(state.range(0));
  const std::size_t in_flight = std::size_t{workers} * kWindow;
  protocol::Sender sender{
      {.workers = workers, .window = kWindow, .buffers = in_flight, .chunks = {}}};
  std::deque<protocol::Send> sent;
  const protocol::Time now{};
  const auto start = [&] {
    const auto action = sender.next();
    const auto* send = std::get_if<protocol::Send>(&action);
    if (send == nullptr) return false;
    sender.on_started(*send, kChunk, now);
    sender.on_send_complete(send->to, send->chunk);
    sent.push_back(*send);
    return true;
  };
  while (start()) {
  }
  for (auto _ : state) {
    const protocol::Send oldest = sent.front();
    sent.pop_front();
    sender.on_ack(oldest.to, {.chunk = oldest.chunk, .attempt = 0}, now);
    if (!start()) state.SkipWithError("the sender had no chunk to send");
  }
  state.SetItemsProcessed(state.iterations());
}

// Looking for a stalled worker happens ten times a second.
void stalled(benchmark::State& state) {
  const auto workers = static_cast<std::uint32_t>(state.range(0));
  protocol::Sender sender{{.workers = workers,
                           .window = kWindow,
                           .buffers = workers,
                           .stall_timeout = std::chrono::seconds{60},
                           .chunks = {}}};
  for (std::uint32_t i = 0; i < workers; ++i) {
    const auto action = sender.next();
    sender.on_started(std::get<protocol::Send>(action), kChunk, {});
  }
  for (auto _ : state) benchmark::DoNotOptimize(sender.stalled({}));
}

void receiver(benchmark::State& state) {
  protocol::Receiver receiver{
      {.self = Rank{1}, .workers = 1, .chunk_size = kChunk, .source_size = {}}};
  protocol::AckBatch batch{kWindow};
  wire::Header header{.kind = wire::Kind::chunk, .length = kChunk};
  for (auto _ : state) {
    const auto step = receiver.on_chunk(header, true);
    if (!std::holds_alternative<protocol::Write>(step)) state.SkipWithError("not a chunk to write");
    batch.add(receiver.on_written(header, wire::WriteCall::none, 0));
    if (batch.urgent()) batch.clear();
    ++header.chunk.value;
    header.offset = header.offset + kChunk;
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(sender)->Arg(1)->Arg(16)->Arg(256)->Arg(4096)->ArgName("workers");
BENCHMARK(stalled)->Arg(1)->Arg(16)->Arg(256)->Arg(4096)->ArgName("workers");
// Remembers every chunk: a fixed number of them bounds its memory.
BENCHMARK(receiver)->Iterations(1'000'000);

}  // namespace
