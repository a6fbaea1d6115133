// The master's book of what workers hold already.
#include "engine/protocol/held_chunks.hpp"

#include <chrono>

#include <gtest/gtest.h>

#include "engine/protocol/receiver.hpp"
#include "engine/protocol/sender.hpp"

namespace mpiferry::protocol {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{};

TEST(HeldChunks, knows_a_chunk_when_its_worker_has_looked) {
  HeldChunks held_chunks{2};
  EXPECT_FALSE(held_chunks.knows({0}));
  EXPECT_TRUE(
      held_chunks.on_report(Rank{2}, {.first = 0, .looked_at = 2, .held = {{{3}, 33}}}, kNow));
  EXPECT_FALSE(held_chunks.knows({0}));
  EXPECT_TRUE(held_chunks.knows({1}));
  EXPECT_TRUE(held_chunks.knows({3}));
  EXPECT_FALSE(held_chunks.knows({5}));
  EXPECT_TRUE(held_chunks.holds({3}, 33));
  EXPECT_FALSE(held_chunks.holds({3}, 34)) << "other bytes";
  EXPECT_FALSE(held_chunks.holds({1}, 0)) << "not there";
  EXPECT_TRUE(held_chunks.on_report(
      Rank{2}, {.first = 2, .looked_at = wire::kAllLookedAt, .held = {}}, kNow));
  EXPECT_TRUE(held_chunks.knows({kMaxChunks - 1}));
}

TEST(HeldChunks, waits_for_reports_that_were_overtaken) {
  HeldChunks held_chunks{1};
  EXPECT_TRUE(held_chunks.on_report(
      Rank{1}, {.first = 4, .looked_at = wire::kAllLookedAt, .held = {{{5}, 55}}}, kNow));
  EXPECT_TRUE(held_chunks.on_report(Rank{1}, {.first = 2, .looked_at = 4, .held = {}}, kNow));
  EXPECT_FALSE(held_chunks.knows({5}));
  EXPECT_TRUE(held_chunks.on_report(Rank{1}, {.first = 0, .looked_at = 2, .held = {}}, kNow));
  EXPECT_TRUE(held_chunks.knows({5}));
  EXPECT_TRUE(held_chunks.holds({5}, 55));
}

TEST(HeldChunks, believes_no_worker_about_anothers_chunks_nor_about_those_it_has_not_looked_at) {
  HeldChunks held_chunks{2};
  EXPECT_FALSE(
      held_chunks.on_report(Rank{1}, {.first = 0, .looked_at = 4, .held = {{{1}, 1}}}, kNow));
  EXPECT_FALSE(
      held_chunks.on_report(Rank{1}, {.first = 0, .looked_at = 1, .held = {{{2}, 1}}}, kNow));
  EXPECT_TRUE(held_chunks.on_report(Rank{1}, {.first = 0, .looked_at = 2, .held = {}}, kNow));
  EXPECT_FALSE(held_chunks.on_report(Rank{1}, {.first = 0, .looked_at = 1, .held = {}}, kNow))
      << "back";
  EXPECT_FALSE(
      held_chunks.on_report(Rank{1}, {.first = 2, .looked_at = 3, .held = {{{0}, 1}}}, kNow))
      << "twice";
}

TEST(HeldChunks, believes_nothing_about_what_a_report_that_came_early_has_told) {
  HeldChunks held_chunks{1};
  EXPECT_TRUE(held_chunks.on_report(Rank{1}, {.first = 4, .looked_at = 8, .held = {}}, kNow));
  EXPECT_FALSE(held_chunks.on_report(Rank{1}, {.first = 2, .looked_at = 5, .held = {}}, kNow));
  EXPECT_FALSE(held_chunks.on_report(Rank{1}, {.first = 6, .looked_at = 9, .held = {}}, kNow));
  EXPECT_TRUE(held_chunks.on_report(Rank{1}, {.first = 0, .looked_at = 4, .held = {}}, kNow));
  EXPECT_TRUE(held_chunks.knows({7}));
}

TEST(HeldChunks, keeps_nothing_of_a_report_that_it_refuses) {
  HeldChunks held_chunks{2};
  EXPECT_FALSE(held_chunks.on_report(
      Rank{1}, {.first = 0, .looked_at = 4, .held = {{{0}, 5}, {{1}, 6}}}, kNow));
  EXPECT_FALSE(held_chunks.holds({0}, 5));
}

TEST(HeldChunks, believes_in_no_chunk_beyond_the_source) {
  HeldChunks held_chunks{1, 3};
  const wire::HeldChunksMessage beyond{
      .first = 0, .looked_at = wire::kAllLookedAt, .held = {{{3}, 1}}};
  EXPECT_FALSE(held_chunks.on_report(Rank{1}, beyond, kNow));
  const wire::HeldChunksMessage last{
      .first = 0, .looked_at = wire::kAllLookedAt, .held = {{{2}, 1}}};
  EXPECT_TRUE(held_chunks.on_report(Rank{1}, last, kNow));
}

TEST(HeldChunks, a_worker_that_says_nothing_for_too_long_is_late_until_it_has_told_all) {
  HeldChunks held_chunks{2};
  held_chunks.begin(kNow);
  EXPECT_EQ(held_chunks.late(kNow + 5s, 5s), std::nullopt);
  EXPECT_EQ(held_chunks.late(kNow + 6s, 0s), std::nullopt) << "may take for ever";
  EXPECT_TRUE(held_chunks.on_report(Rank{1}, {.first = 0, .looked_at = 0, .held = {}}, kNow + 3s));
  EXPECT_EQ(held_chunks.late(kNow + 6s, 5s), (Stall{.worker = Rank{2}, .silent = 6s}));
  EXPECT_TRUE(held_chunks.on_report(
      Rank{2}, {.first = 0, .looked_at = wire::kAllLookedAt, .held = {}}, kNow + 6s));
  EXPECT_EQ(held_chunks.late(kNow + 20s, 5s), (Stall{.worker = Rank{1}, .silent = 17s}));
}

TEST(SenderResume, waits_for_the_worker_and_keeps_what_is_right) {
  HeldChunks held_chunks{2};
  Sender sender{
      {.workers = 2, .window = 1, .buffers = 2, .chunks = 2, .held_chunks = &held_chunks}};
  EXPECT_EQ(sender.next(), Action{Wait{}});
  ASSERT_TRUE(held_chunks.on_report(
      Rank{1}, {.first = 0, .looked_at = wire::kAllLookedAt, .held = {{{0}, 7}}}, kNow));
  const Send first{{0}, Rank{1}};
  EXPECT_EQ(sender.next(), Action{first});
  EXPECT_FALSE(sender.holds(first, 8));
  ASSERT_TRUE(sender.holds(first, 7));
  sender.on_kept(first, 10_B);
  EXPECT_EQ(sender.chunks_kept(), 1U);
  EXPECT_EQ(sender.bytes_kept(), 10_B);
  EXPECT_EQ(sender.buffers_in_use(), 0U);
  EXPECT_EQ(sender.next(), Action{Wait{}}) << "worker 2 has not looked";
  ASSERT_TRUE(held_chunks.on_report(
      Rank{2}, {.first = 0, .looked_at = wire::kAllLookedAt, .held = {}}, kNow));
  const Send second{{1}, Rank{2}};
  EXPECT_EQ(sender.next(), Action{second});
  sender.on_started(second, 10_B, kNow);
  sender.on_send_complete(Rank{2}, {1});
  EXPECT_EQ(sender.on_ack(Rank{2}, {.chunk = {1}}, kNow), AckEffect::written);
  EXPECT_EQ(sender.next(), Action{Done{}});
  EXPECT_EQ(sender.chunks_written(), 1U);
}

wire::Header chunk_of_10(std::uint64_t index, std::uint64_t digest) {
  return {.kind = wire::Kind::chunk,
          .job_id = 5,
          .chunk = {index},
          .offset = {index * 10},
          .length = 10_B,
          .payload_digest = digest};
}

TEST(ReceiverResume, holds_what_was_found_until_other_bytes_come) {
  Receiver receiver{
      {.self = Rank{1}, .workers = 2, .job_id = 5, .chunk_size = 10_B, .source_size = 40_B}};
  receiver.on_found(1, 77);
  EXPECT_TRUE(receiver.kept(1));
  EXPECT_TRUE(receiver.holds(1));
  EXPECT_EQ(receiver.digests()[1], 77U);
  EXPECT_EQ(receiver.on_chunk(chunk_of_10(2, 78), true), ChunkStep{Write{}});
  EXPECT_FALSE(receiver.holds(1)) << "half written";
  receiver.on_found(1, 77);
  EXPECT_FALSE(receiver.holds(1)) << "looked at too late";
  receiver.on_written(chunk_of_10(2, 78), wire::WriteCall::none, 0);
  EXPECT_TRUE(receiver.holds(1));
  EXPECT_FALSE(receiver.kept(1));
  EXPECT_EQ(receiver.digests()[1], 78U);
}

TEST(ReceiverReroute, takes_anothers_chunk_only_if_the_job_says_so) {
  ReceiverConfig config{
      .self = Rank{1}, .workers = 2, .job_id = 5, .chunk_size = 10_B, .source_size = 40_B};
  const wire::Header foreign = chunk_of_10(1, 9);
  EXPECT_EQ(Receiver{config}.on_chunk(foreign, true),
            ChunkStep{Violation{Errc::unexpected_message}});
  config.reroute = true;
  Receiver receiver{config};
  EXPECT_EQ(receiver.on_chunk(foreign, true), ChunkStep{Write{}});
  EXPECT_TRUE(receiver.foreign().empty());
  receiver.on_written(foreign, wire::WriteCall::none, 0);
  EXPECT_EQ(receiver.foreign().at(1), 9U);
  EXPECT_EQ(receiver.on_chunk(foreign, true), ChunkStep{Answer{{.chunk = {1}}}}) << "known";
  EXPECT_EQ(receiver.on_chunk(chunk_of_10(1, 10), true),
            ChunkStep{Violation{Errc::unexpected_message}})
      << "other bytes";
  EXPECT_EQ(receiver.chunks_written(), 1U);
}

TEST(ReceiverReroute, takes_no_other_bytes_while_anothers_chunk_is_being_written) {
  Receiver receiver{{.self = Rank{1},
                     .workers = 2,
                     .job_id = 5,
                     .chunk_size = 10_B,
                     .source_size = 40_B,
                     .reroute = true}};
  EXPECT_EQ(receiver.on_chunk(chunk_of_10(1, 9), true), ChunkStep{Write{}});
  EXPECT_EQ(receiver.on_chunk(chunk_of_10(1, 10), true),
            ChunkStep{Violation{Errc::unexpected_message}});
  receiver.on_written(chunk_of_10(1, 9), wire::WriteCall::none, 0);
  EXPECT_EQ(receiver.foreign().at(1), 9U);
}

}  // namespace
}  // namespace mpiferry::protocol
