#include "tests/sim/decision_cost.hpp"

#include <chrono>
#include <malloc.h>
#include <stdexcept>
#include <variant>

#include "engine/protocol/master_fsm.hpp"
#include "engine/protocol/sender.hpp"

namespace mpiferry::sim {
namespace {

constexpr std::uint64_t kChunks = 1'000'000;
constexpr int kTicks = 1000;
constexpr protocol::Time kNow{};

std::size_t heap() {
#ifdef __GLIBC__
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
#else
  return 0;
#endif
}

// Nanoseconds that `times` calls of `act` take, a call.
template <class Act>
double time_of(std::uint64_t times, Act act) {
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < times; ++i) act(i);
  const auto passed = std::chrono::steady_clock::now() - began;
  return std::chrono::duration<double, std::nano>(passed).count() / static_cast<double>(times);
}

// Also keeps the compiler from leaving the decision out.
void expect(bool decided) {
  if (!decided) throw std::logic_error{"another decision was expected"};
}

}  // namespace

DecisionCost measure_decisions(std::uint32_t workers) {
  const std::size_t before = heap();
  protocol::MasterFsm fsm{workers, std::chrono::seconds{60}};
  protocol::Sender sender{{.workers = workers,
                           .window = 8,
                           .retries = 3,
                           .buffers = 256,
                           .stall_timeout = std::chrono::seconds{60},
                           .chunks = std::nullopt}};
  DecisionCost cost{.state_bytes = heap() - before};

  fsm.on_prepared();
  fsm.on_job_sent(kNow);
  cost.answers_ns = workers * time_of(workers, [&](std::uint64_t i) {
                      expect(fsm.next(kNow) == protocol::Step::wait);
                      fsm.on_answer({static_cast<int>(i) + 1});
                    });
  cost.chunk_ns = time_of(kChunks, [&](std::uint64_t) {
    const auto send = std::get<protocol::Send>(sender.next());
    sender.on_started(send, {1}, kNow);
    sender.on_send_complete(send.to, send.chunk);
    sender.on_ack(send.to, {.chunk = send.chunk}, kNow);
  });
  cost.tick_ns = time_of(kTicks, [&](std::uint64_t) { expect(!sender.stalled(kNow)); });

  const auto last = std::get<protocol::Send>(sender.next());
  sender.on_started(last, {1}, kNow);
  sender.on_ack(last.to, {.chunk = last.chunk, .status = wire::AckStatus::corrupt}, kNow);
  cost.damaged_ns = time_of(kTicks, [&](std::uint64_t) {
    expect(std::holds_alternative<protocol::Send>(sender.next()));
  });
  return cost;
}

}  // namespace mpiferry::sim
