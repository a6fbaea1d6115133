// These tests follow credit, order, retries and counters of the master's side, event by event.
#include "engine/protocol/sender.hpp"

#include <chrono>
#include <optional>
#include <variant>

#include <gtest/gtest.h>

namespace mpiferry::protocol {
namespace {

constexpr Time kNow{};

wire::Ack written(std::uint64_t chunk, std::uint32_t attempt = 0) {
  return {.chunk = {chunk}, .attempt = attempt};
}
wire::Ack corrupt(std::uint64_t chunk, std::uint32_t attempt = 0) {
  return {.chunk = {chunk}, .attempt = attempt, .status = wire::AckStatus::corrupt};
}

// Starts what next() asks for. Precondition: it asks for something.
Send start(Sender& sender, Bytes length = 10_B, Time now = kNow) {
  const Action action = sender.next();
  const Send* send = std::get_if<Send>(&action);
  if (send == nullptr) {
    ADD_FAILURE() << "nothing to send";
    return {};
  }
  const Send copy = *send;
  sender.on_started(copy, length, now);
  return copy;
}

void complete(Sender& sender, const Send& send) { sender.on_send_complete(send.to, send.chunk); }

bool waits(const Sender& sender) { return std::holds_alternative<Wait>(sender.next()); }
bool done(const Sender& sender) { return std::holds_alternative<Done>(sender.next()); }
bool sends(const Sender& sender) { return std::holds_alternative<Send>(sender.next()); }

TEST(Sender, an_empty_file_is_done_at_once) {
  const Sender sender{{.workers = 3, .chunks = 0}};
  EXPECT_TRUE(done(sender));
  EXPECT_EQ(sender.chunks_started(), 0U);
}

TEST(Sender, one_chunk_is_done_when_it_is_acknowledged_and_its_send_is_complete) {
  Sender sender{{.chunks = 1}};
  const Send send = start(sender);
  EXPECT_EQ(send, (Send{{0}, Rank{1}, 0}));
  EXPECT_TRUE(waits(sender));
  complete(sender, send);
  EXPECT_TRUE(waits(sender)) << "not acknowledged";
  EXPECT_EQ(sender.on_ack(Rank{1}, written(0), kNow), AckEffect::written);
  EXPECT_TRUE(done(sender));
}

TEST(Sender, is_not_done_while_an_acknowledged_chunk_still_has_its_buffer_with_mpi) {
  Sender sender{{.chunks = 1}};
  const Send send = start(sender);
  EXPECT_EQ(sender.on_ack(Rank{1}, written(0), kNow), AckEffect::written);
  EXPECT_EQ(sender.in_flight(), 0U);
  EXPECT_EQ(sender.buffers_in_use(), 1U);
  EXPECT_TRUE(waits(sender));
  complete(sender, send);
  EXPECT_EQ(sender.buffers_in_use(), 0U);
  EXPECT_TRUE(done(sender));
}

TEST(Sender, next_says_the_same_until_something_happens) {
  Sender sender{{.workers = 2, .chunks = 2}};
  EXPECT_EQ(sender.next(), sender.next());
  start(sender);
  EXPECT_EQ(sender.next(), sender.next());
}

TEST(Sender, chunks_leave_in_order_and_round_robin) {
  Sender sender{{.workers = 3, .window = 4, .buffers = 16, .chunks = 12}};
  for (std::uint64_t i = 0; i < 12; ++i) {
    EXPECT_EQ(start(sender), (Send{{i}, Rank{static_cast<int>(i % 3) + 1}, 0}));
  }
  EXPECT_TRUE(waits(sender));
}

TEST(Sender, a_full_window_waits) {
  Sender sender{{.workers = 1, .window = 2, .buffers = 16, .chunks = 9}};
  complete(sender, start(sender));
  EXPECT_TRUE(sends(sender)) << "one of two";
  complete(sender, start(sender));
  EXPECT_TRUE(waits(sender));
  EXPECT_EQ(sender.peak_in_flight(), 2U);
}

TEST(Sender, an_ack_returns_the_credit) {
  Sender sender{{.workers = 1, .window = 1, .buffers = 16, .chunks = 2}};
  complete(sender, start(sender));
  ASSERT_TRUE(waits(sender));
  sender.on_ack(Rank{1}, written(0), kNow);
  EXPECT_EQ(start(sender).chunk, ChunkIndex{1});
}

TEST(Sender, the_end_of_an_isend_returns_no_credit) {
  Sender sender{{.workers = 1, .window = 1, .buffers = 16, .chunks = 2}};
  complete(sender, start(sender));
  EXPECT_TRUE(waits(sender));
}

TEST(Sender, the_window_of_one_worker_does_not_count_against_another) {
  Sender sender{{.workers = 2, .window = 1, .buffers = 16, .chunks = 4}};
  start(sender);
  EXPECT_EQ(start(sender).to, Rank{2});
  EXPECT_TRUE(waits(sender));
}

TEST(Sender, waits_for_the_worker_whose_turn_it_is_though_another_has_room) {
  Sender sender{{.workers = 2, .window = 1, .buffers = 16, .chunks = 4}};
  start(sender);
  start(sender);
  sender.on_ack(Rank{2}, written(1), kNow);
  EXPECT_TRUE(waits(sender)) << "chunk 2 is worker 1's";
  sender.on_ack(Rank{1}, written(0), kNow);
  EXPECT_EQ(start(sender), (Send{{2}, Rank{1}, 0}));
}

TEST(Sender, never_has_more_chunks_in_memory_than_buffers) {
  Sender sender{{.workers = 1, .window = 8, .buffers = 2, .chunks = 8}};
  const Send first = start(sender);
  start(sender);
  EXPECT_TRUE(waits(sender));
  complete(sender, first);
  EXPECT_TRUE(sends(sender)) << "free once it is sent, not only once it is acknowledged";
}

TEST(Sender, retain_keeps_the_buffer_until_the_ack) {
  Sender sender{{.workers = 1, .window = 8, .buffers = 1, .chunks = 2, .retain = true}};
  complete(sender, start(sender));
  EXPECT_EQ(sender.buffers_in_use(), 1U);
  EXPECT_TRUE(sender.is_unacknowledged(Rank{1}, {0}));
  EXPECT_TRUE(waits(sender));
  sender.on_ack(Rank{1}, written(0), kNow);
  EXPECT_FALSE(sender.is_unacknowledged(Rank{1}, {0}));
  EXPECT_EQ(sender.buffers_in_use(), 0U);
  EXPECT_TRUE(sends(sender));
}

TEST(Sender, retain_keeps_the_buffer_until_the_isend_is_complete_if_the_ack_was_faster) {
  Sender sender{{.workers = 1, .window = 8, .buffers = 1, .chunks = 2, .retain = true}};
  const Send send = start(sender);
  sender.on_ack(Rank{1}, written(0), kNow);
  EXPECT_FALSE(sender.is_unacknowledged(Rank{1}, {0}));
  EXPECT_EQ(sender.buffers_in_use(), 1U);
  EXPECT_TRUE(waits(sender));
  complete(sender, send);
  EXPECT_EQ(sender.buffers_in_use(), 0U);
}

TEST(Sender, retain_sends_again_from_the_buffer_it_kept) {
  Sender sender{{.workers = 1, .window = 8, .buffers = 1, .chunks = 1, .retain = true}};
  complete(sender, start(sender));
  EXPECT_EQ(sender.on_ack(Rank{1}, corrupt(0), kNow), AckEffect::resend);
  EXPECT_TRUE(sender.is_unacknowledged(Rank{1}, {0}));
  EXPECT_EQ(start(sender), (Send{{0}, Rank{1}, 1}));
  EXPECT_EQ(sender.buffers_in_use(), 1U);
}

TEST(Sender, without_retain_a_resend_needs_a_buffer_of_its_own) {
  Sender sender{{.workers = 1, .window = 2, .buffers = 1, .chunks = 2}};
  complete(sender, start(sender));
  const Send second = start(sender);
  EXPECT_EQ(sender.on_ack(Rank{1}, corrupt(0), kNow), AckEffect::resend);
  EXPECT_TRUE(waits(sender)) << "the only buffer is with chunk 1";
  complete(sender, second);
  EXPECT_EQ(start(sender), (Send{{0}, Rank{1}, 1}));
}

TEST(Sender, a_damaged_chunk_is_sent_again_with_the_next_attempt_before_new_ones) {
  Sender sender{{.workers = 2, .window = 2, .buffers = 16, .chunks = 8}};
  complete(sender, start(sender));
  complete(sender, start(sender));
  EXPECT_EQ(sender.on_ack(Rank{2}, corrupt(1), kNow), AckEffect::resend);
  EXPECT_EQ(start(sender), (Send{{1}, Rank{2}, 1}));
  EXPECT_EQ(start(sender), (Send{{2}, Rank{1}, 0}));
  EXPECT_EQ(sender.chunks_resent(), 1U);
  EXPECT_EQ(sender.chunks_corrupt(), 1U);
}

TEST(Sender, a_damaged_chunk_keeps_its_place_in_the_window) {
  Sender sender{{.workers = 1, .window = 1, .buffers = 16, .chunks = 2}};
  complete(sender, start(sender));
  sender.on_ack(Rank{1}, corrupt(0), kNow);
  EXPECT_EQ(sender.in_flight(), 1U);
  const Send again = start(sender);
  EXPECT_EQ(again.chunk, ChunkIndex{0});
  EXPECT_EQ(sender.in_flight(), 1U);
  complete(sender, again);
  EXPECT_TRUE(waits(sender)) << "no credit for chunk 1 before chunk 0 is written";
  sender.on_ack(Rank{1}, written(0, 1), kNow);
  EXPECT_EQ(start(sender).chunk, ChunkIndex{1});
  EXPECT_EQ(sender.peak_in_flight(), 1U);
}

TEST(Sender, a_chunk_is_not_sent_again_while_mpi_still_reads_its_buffer) {
  Sender sender{{.workers = 1, .window = 1, .buffers = 16, .chunks = 1}};
  const Send first = start(sender);
  EXPECT_EQ(sender.on_ack(Rank{1}, corrupt(0), kNow), AckEffect::resend);
  EXPECT_TRUE(waits(sender));
  complete(sender, first);
  EXPECT_TRUE(sends(sender));
}

TEST(Sender, sends_a_chunk_again_as_often_as_retries_says_and_not_once_more) {
  Sender sender{{.retries = 2, .chunks = 1}};
  complete(sender, start(sender));
  for (std::uint32_t attempt = 0; attempt < 2; ++attempt) {
    EXPECT_EQ(sender.on_ack(Rank{1}, corrupt(0, attempt), kNow), AckEffect::resend);
    complete(sender, start(sender));
  }
  EXPECT_EQ(sender.on_ack(Rank{1}, corrupt(0, 2), kNow), AckEffect::exhausted);
  EXPECT_TRUE(waits(sender)) << "neither sent again nor done";
  EXPECT_EQ(sender.chunks_resent(), 2U);
  EXPECT_EQ(sender.chunks_corrupt(), 3U);
}

TEST(Sender, without_retries_the_first_damage_is_one_too_many) {
  Sender sender{{.retries = 0, .chunks = 1}};
  complete(sender, start(sender));
  EXPECT_EQ(sender.on_ack(Rank{1}, corrupt(0), kNow), AckEffect::exhausted);
  EXPECT_EQ(sender.chunks_resent(), 0U);
}

TEST(Sender, a_failed_write_is_told_and_counted_nowhere) {
  Sender sender{{.chunks = 1}};
  complete(sender, start(sender));
  const wire::Ack failed{.chunk = {0},
                         .status = wire::AckStatus::write_failed,
                         .call = wire::WriteCall::write,
                         .system_errno = 28};
  EXPECT_EQ(sender.on_ack(Rank{1}, failed, kNow), AckEffect::write_failed);
  EXPECT_EQ(sender.chunks_written(), 0U);
  EXPECT_EQ(sender.chunks_corrupt(), 0U);
  EXPECT_EQ(sender.in_flight(), 1U);
  EXPECT_TRUE(waits(sender));
}

TEST(Sender, counts_what_was_written) {
  Sender sender{{.workers = 1, .window = 3, .buffers = 3, .chunks = 3}};
  start(sender, 10_B);
  start(sender, 10_B);
  start(sender, 7_B);
  EXPECT_EQ(sender.chunks_started(), 3U);
  EXPECT_EQ(sender.in_flight(), 3U);
  EXPECT_EQ(sender.bytes_written(), 0_B);
  sender.on_ack(Rank{1}, written(2), kNow);
  EXPECT_EQ(sender.bytes_written(), 7_B);
  sender.on_ack(Rank{1}, written(0), kNow);
  EXPECT_EQ(sender.bytes_written(), 17_B);
  EXPECT_EQ(sender.chunks_written(), 2U);
  EXPECT_EQ(sender.in_flight(), 1U);
}

TEST(Sender, serves_4096_workers) {
  constexpr std::uint32_t kWorkers = 4096;
  Sender sender{{.workers = kWorkers, .window = 1, .buffers = kWorkers, .chunks = kWorkers + 1}};
  for (std::uint32_t i = 0; i < kWorkers; ++i) complete(sender, start(sender));
  EXPECT_EQ(sender.in_flight(), kWorkers);
  EXPECT_TRUE(waits(sender));
  for (std::uint32_t i = kWorkers; i > 0; --i) {
    EXPECT_EQ(sender.on_ack(Rank{static_cast<int>(i)}, written(i - 1), kNow), AckEffect::written);
  }
  const Send last = start(sender);
  EXPECT_EQ(last, (Send{{kWorkers}, Rank{1}, 0}));
  complete(sender, last);
  sender.on_ack(Rank{1}, written(kWorkers), kNow);
  EXPECT_TRUE(done(sender));
}

}  // namespace
}  // namespace mpiferry::protocol
