// Chunks of a worker that cannot write go to others, and every credit and buffer comes back.
#include <variant>

#include <gtest/gtest.h>

#include "engine/protocol/sender.hpp"

namespace mpiferry::protocol {
namespace {

constexpr Time kNow{};

wire::Ack answer(std::uint64_t chunk, wire::AckStatus status, std::uint32_t attempt = 0) {
  return {.chunk = {chunk}, .attempt = attempt, .status = status};
}

Send start(Sender& sender) {
  const Action action = sender.next();
  EXPECT_TRUE(std::holds_alternative<Send>(action));
  const Send send = std::get<Send>(action);
  sender.on_started(send, 1_B, kNow);
  return send;
}

// Also parametrised by whether buffers are kept until the ack, as those of a stream are.
class SenderReroute : public ::testing::TestWithParam<bool> {
 protected:
  SenderConfig config(std::uint32_t workers, std::uint64_t chunks) const {
    return {.workers = workers,
            .window = 1,
            .buffers = workers,
            .chunks = chunks,
            .reroute = true,
            .retain = GetParam()};
  }
};

TEST_P(SenderReroute, a_rerouted_chunk_waits_for_its_isend_and_for_room) {
  using enum wire::AckStatus;
  Sender sender{config(2, 2)};
  start(sender);
  start(sender);
  EXPECT_EQ(sender.on_ack(Rank{2}, answer(1, write_failed), kNow), AckEffect::rerouted);
  EXPECT_EQ(sender.on_ack(Rank{2}, answer(1, write_failed), kNow), AckEffect::stale);
  EXPECT_TRUE(sender.is_unacknowledged(Rank{2}, {1})) << "MPI still has its buffer";
  sender.on_send_complete(Rank{1}, {0});
  EXPECT_EQ(sender.next(), Action{Wait{}});
  sender.on_send_complete(Rank{2}, {1});
  EXPECT_EQ(sender.next(), Action{Wait{}}) << "rank 1 has no room";
  EXPECT_EQ(sender.on_ack(Rank{1}, answer(0, written), kNow), AckEffect::written);
  const Send again{{1}, Rank{1}, 0, true};
  ASSERT_EQ(sender.next(), Action{again});
  sender.on_started(again, 1_B, kNow);
  EXPECT_EQ(sender.next(), Action{Wait{}});
  sender.on_send_complete(Rank{1}, {1});
  EXPECT_EQ(sender.on_ack(Rank{1}, answer(1, written), kNow), AckEffect::written);
  EXPECT_EQ(sender.next(), Action{Done{}});
  EXPECT_EQ(sender.in_flight(), 0U);
  EXPECT_EQ(sender.buffers_in_use(), 0U);
  EXPECT_EQ(sender.chunks_written(), 2U);
  EXPECT_EQ(sender.chunks_resent(), 1U);
  ASSERT_EQ(sender.moved().size(), 1U);
  EXPECT_EQ(sender.moved()[0], (Sender::Moved{{1}, Rank{1}}));
}

TEST_P(SenderReroute, a_damaged_chunk_that_cannot_be_written_then_is_rerouted) {
  using enum wire::AckStatus;
  Sender sender{config(3, 4)};
  const Send first = start(sender);
  sender.on_send_complete(first.to, first.chunk);
  EXPECT_EQ(sender.on_ack(Rank{1}, answer(0, corrupt), kNow), AckEffect::resend);
  EXPECT_EQ(start(sender), (Send{{0}, Rank{1}, 1}));
  sender.on_send_complete(Rank{1}, {0});
  EXPECT_EQ(sender.on_ack(Rank{1}, answer(0, write_failed, 1), kNow), AckEffect::rerouted);
  for (int i = 0; i < 4; ++i) {
    const Send send = start(sender);
    EXPECT_NE(send.to, Rank{1}) << "it gets nothing any more";
    sender.on_send_complete(send.to, send.chunk);
    EXPECT_EQ(sender.on_ack(send.to, answer(send.chunk.value, written), kNow), AckEffect::written);
  }
  EXPECT_EQ(sender.next(), Action{Done{}});
  EXPECT_EQ(sender.buffers_in_use(), 0U);
  EXPECT_EQ(sender.moved().size(), 2U) << "chunk 0 and chunk 3";
}

TEST_P(SenderReroute, fails_when_nobody_can_write) {
  using enum wire::AckStatus;
  Sender sender{config(2, 4)};
  for (int i = 0; i < 2; ++i) {
    const Send send = start(sender);
    sender.on_send_complete(send.to, send.chunk);
  }
  EXPECT_EQ(sender.on_ack(Rank{1}, answer(0, write_failed), kNow), AckEffect::rerouted);
  EXPECT_EQ(sender.on_ack(Rank{2}, answer(1, write_failed), kNow), AckEffect::write_failed);
  sender.next();  // must not divide by the number of those that can
  EXPECT_EQ(sender.chunks_written(), 0U);
}

INSTANTIATE_TEST_SUITE_P(, SenderReroute, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "of_a_stream" : "of_a_file"; });

}  // namespace
}  // namespace mpiferry::protocol
