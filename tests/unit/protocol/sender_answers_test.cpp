// Answers that must not be believed, streams, and the stall clock of the master's side.
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <variant>

#include <gtest/gtest.h>

#include "engine/protocol/sender.hpp"

namespace mpiferry::protocol {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{};
constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

wire::Ack ack(std::uint64_t chunk, std::uint32_t attempt = 0,
              wire::AckStatus status = wire::AckStatus::written) {
  return {.chunk = {chunk}, .attempt = attempt, .status = status};
}

void send_one(Sender& sender, Time now = kNow) {
  const Action action = sender.next();
  ASSERT_TRUE(std::holds_alternative<Send>(action));
  const Send send = std::get<Send>(action);
  sender.on_started(send, 1_B, now);
  sender.on_send_complete(send.to, send.chunk);
}

// Has two workers and a window of 2; four chunks were sent.
Sender four_in_flight() {
  Sender sender{{.workers = 2, .window = 2, .buffers = 4, .chunks = 8}};
  for (int i = 0; i < 4; ++i) send_one(sender);
  return sender;
}

TEST(SenderAnswers, an_ack_from_a_rank_that_is_no_worker_is_invalid) {
  Sender sender = four_in_flight();
  for (const int rank : {-2, -1, 0, 3, 1000, std::numeric_limits<int>::max()}) {
    EXPECT_EQ(sender.on_ack(Rank{rank}, ack(0), kNow), AckEffect::invalid) << rank;
  }
  EXPECT_EQ(sender.in_flight(), 4U);
}

TEST(SenderAnswers, an_ack_for_another_workers_chunk_is_invalid) {
  Sender sender = four_in_flight();
  EXPECT_EQ(sender.on_ack(Rank{2}, ack(0), kNow), AckEffect::invalid);
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(1), kNow), AckEffect::invalid);
  EXPECT_EQ(sender.chunks_written(), 0U);
}

TEST(SenderAnswers, an_ack_for_a_chunk_that_was_never_sent_is_invalid) {
  Sender sender = four_in_flight();
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(4), kNow), AckEffect::invalid) << "not yet";
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(8), kNow), AckEffect::invalid) << "beyond the file";
  EXPECT_EQ(sender.on_ack(Rank{2}, ack(kHuge), kNow), AckEffect::invalid);
}

TEST(SenderAnswers, an_ack_of_an_attempt_that_was_never_made_is_invalid) {
  Sender sender = four_in_flight();
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(0, 1), kNow), AckEffect::invalid);
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(0, 0), kNow), AckEffect::written);
}

TEST(SenderAnswers, a_second_ack_is_stale_and_returns_no_second_credit) {
  Sender sender = four_in_flight();
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(0), kNow), AckEffect::written);
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(0), kNow), AckEffect::stale);
  EXPECT_EQ(sender.in_flight(), 3U);
  EXPECT_EQ(sender.chunks_written(), 1U);
}

TEST(SenderAnswers, a_second_ack_is_stale_though_the_isend_is_still_under_way) {
  Sender sender{{.chunks = 1}};
  sender.on_started({{0}, Rank{1}, 0}, 1_B, kNow);
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(0), kNow), AckEffect::written);
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(0), kNow), AckEffect::stale);
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(0, 0, wire::AckStatus::corrupt), kNow), AckEffect::stale);
  EXPECT_EQ(sender.chunks_corrupt(), 0U);
}

TEST(SenderAnswers, a_second_answer_is_stale_though_the_first_ended_the_job) {
  using enum wire::AckStatus;
  Sender sender{{.workers = 2, .window = 1, .retries = 0, .buffers = 2, .chunks = 2}};
  send_one(sender);
  send_one(sender);
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(0, 0, corrupt), kNow), AckEffect::exhausted);
  EXPECT_EQ(sender.on_ack(Rank{2}, ack(1, 0, write_failed), kNow), AckEffect::write_failed);
  for (const auto status : {corrupt, write_failed, written}) {
    EXPECT_EQ(sender.on_ack(Rank{1}, ack(0, 0, status), kNow), AckEffect::stale);
    EXPECT_EQ(sender.on_ack(Rank{2}, ack(1, 0, status), kNow), AckEffect::stale);
  }
  EXPECT_EQ(sender.chunks_corrupt(), 1U) << "damage that the report would count twice";
  EXPECT_EQ(sender.chunks_written(), 0U);
}

TEST(SenderAnswers, an_answer_to_an_earlier_attempt_is_stale) {
  Sender sender = four_in_flight();
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(0, 0, wire::AckStatus::corrupt), kNow), AckEffect::resend);
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(0, 0, wire::AckStatus::corrupt), kNow), AckEffect::stale)
      << "said already";
  send_one(sender);
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(0, 0), kNow), AckEffect::stale);
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(0, 1), kNow), AckEffect::written);
  EXPECT_EQ(sender.chunks_resent(), 1U);
}

TEST(SenderStreams, a_stream_is_not_done_before_its_end_is_known) {
  Sender sender{{.workers = 1, .window = 4, .buffers = 4, .chunks = {}}};
  send_one(sender);
  sender.on_ack(Rank{1}, ack(0), kNow);
  EXPECT_TRUE(std::holds_alternative<Send>(sender.next())) << "there may be more";
  sender.on_source_end(1);
  EXPECT_TRUE(std::holds_alternative<Done>(sender.next()));
}

TEST(SenderStreams, the_end_of_a_stream_still_waits_for_the_answers) {
  Sender sender{{.workers = 1, .window = 4, .buffers = 4, .chunks = {}}};
  send_one(sender);
  sender.on_source_end(1);
  EXPECT_TRUE(std::holds_alternative<Wait>(sender.next()));
  sender.on_ack(Rank{1}, ack(0), kNow);
  EXPECT_TRUE(std::holds_alternative<Done>(sender.next()));
}

TEST(SenderStreams, an_empty_stream_is_done_at_its_end) {
  Sender sender{{.workers = 2, .chunks = {}}};
  EXPECT_TRUE(std::holds_alternative<Send>(sender.next()));
  sender.on_source_end(0);
  EXPECT_TRUE(std::holds_alternative<Done>(sender.next()));
}

TEST(SenderStreams, damage_after_the_end_of_the_stream_is_still_mended) {
  Sender sender{{.workers = 1, .window = 4, .buffers = 4, .chunks = {}, .retain = true}};
  send_one(sender);
  sender.on_source_end(1);
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(0, 0, wire::AckStatus::corrupt), kNow), AckEffect::resend);
  EXPECT_EQ(sender.next(), (Action{Send{{0}, Rank{1}, 1}}));
}

TEST(SenderStalls, a_silent_worker_stalls_after_the_timeout_and_not_before) {
  Sender sender{{.workers = 1, .stall_timeout = 10s, .chunks = 2}};
  send_one(sender);
  EXPECT_FALSE(sender.stalled(kNow + 10s));
  EXPECT_EQ(sender.stalled(kNow + 11s), (Stall{Rank{1}, 1, 11s}));
}

TEST(SenderStalls, timeout_0_means_never) {
  Sender sender{{.workers = 1, .stall_timeout = 0s, .chunks = 2}};
  send_one(sender);
  EXPECT_FALSE(sender.stalled(kNow + 1000h));
}

TEST(SenderStalls, a_worker_that_owes_nothing_never_stalls) {
  Sender sender{{.workers = 2, .window = 1, .stall_timeout = 10s, .chunks = 4}};
  EXPECT_FALSE(sender.stalled(kNow + 1000h));
  send_one(sender);
  sender.on_ack(Rank{1}, ack(0), kNow + 1s);
  EXPECT_FALSE(sender.stalled(kNow + 1000h));
}

TEST(SenderStalls, an_answer_restarts_the_clock) {
  Sender sender{{.workers = 1, .window = 2, .buffers = 2, .stall_timeout = 10s, .chunks = 2}};
  send_one(sender);
  send_one(sender);
  sender.on_ack(Rank{1}, ack(0), kNow + 9s);
  EXPECT_FALSE(sender.stalled(kNow + 19s));
  EXPECT_EQ(sender.stalled(kNow + 20s), (Stall{Rank{1}, 1, 11s}));
}

TEST(SenderStalls, sending_more_does_not_restart_the_clock_of_a_worker_that_owes) {
  Sender sender{{.workers = 1, .window = 2, .buffers = 2, .stall_timeout = 10s, .chunks = 2}};
  send_one(sender, kNow);
  send_one(sender, kNow + 9s);
  EXPECT_EQ(sender.stalled(kNow + 11s), (Stall{Rank{1}, 2, 11s}));
}

TEST(SenderStalls, the_first_chunk_after_idleness_starts_the_clock) {
  Sender sender{{.workers = 1, .window = 1, .stall_timeout = 10s, .chunks = 2}};
  send_one(sender, kNow);
  sender.on_ack(Rank{1}, ack(0), kNow + 1s);
  send_one(sender, kNow + 100s);
  EXPECT_FALSE(sender.stalled(kNow + 110s));
  EXPECT_TRUE(sender.stalled(kNow + 111s));
}

TEST(SenderStalls, stale_and_invalid_answers_do_not_restart_the_clock) {
  Sender sender{{.workers = 1, .window = 2, .buffers = 2, .stall_timeout = 10s, .chunks = 3}};
  send_one(sender);
  send_one(sender);
  sender.on_ack(Rank{1}, ack(0), kNow);
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(0), kNow + 9s), AckEffect::stale);
  EXPECT_EQ(sender.on_ack(Rank{1}, ack(2), kNow + 9s), AckEffect::invalid);
  EXPECT_TRUE(sender.stalled(kNow + 11s));
}

TEST(SenderStalls, the_worker_that_was_silent_for_the_longest_time_is_named) {
  Sender sender{{.workers = 3, .window = 1, .buffers = 3, .stall_timeout = 10s, .chunks = 3}};
  send_one(sender, kNow + 2s);
  send_one(sender, kNow);
  send_one(sender, kNow + 1s);
  EXPECT_EQ(sender.stalled(kNow + 20s), (Stall{Rank{2}, 1, 20s}));
  EXPECT_EQ(sender.owes(Rank{3}, kNow + 20s), (Stall{Rank{3}, 1, 19s}));
}

TEST(SenderAnswers, without_reroute_a_chunk_that_could_not_be_written_moves_nothing) {
  Sender sender{{.workers = 2, .window = 2, .buffers = 4, .chunks = 4}};
  const Action first = sender.next();
  sender.on_started(std::get<Send>(first), 1_B, kNow);
  EXPECT_EQ(sender.on_ack(Rank{1}, {.chunk = {0}, .status = wire::AckStatus::write_failed}, kNow),
            AckEffect::write_failed);
  const Action second = sender.next();
  sender.on_started(std::get<Send>(second), 1_B, kNow);
  EXPECT_EQ(sender.next(), (Action{Send{{2}, Rank{1}, 0}})) << "whose it is";
}

}  // namespace
}  // namespace mpiferry::protocol
