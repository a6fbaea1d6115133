// What a worker does with a chunk: write it, answer it, or refuse to go on.
#include "engine/protocol/receiver.hpp"

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "engine/protocol/sender.hpp"

namespace mpiferry::protocol {
namespace {

constexpr std::uint64_t kJob = 0x5eed;
constexpr std::uint64_t k2To63 = std::uint64_t{1} << 63;

// It is worker 2 of 3 of a source of 10 chunks of 100 bytes, the last of which has 50. Its chunks
// are 1, 4 and 7.
ReceiverConfig config() {
  return {.self = Rank{2}, .workers = 3, .job_id = kJob, .chunk_size = 100_B, .source_size = 950_B};
}
ReceiverConfig stream() {
  ReceiverConfig config = protocol::config();
  config.source_size.reset();
  return config;
}

wire::Header chunk(std::uint64_t index, std::uint32_t attempt = 0) {
  return {.kind = wire::Kind::chunk,
          .job_id = kJob,
          .chunk = {index},
          .offset = {index * 100},
          .length = 100_B,
          .attempt = attempt,
          .payload_digest = 1000 + index};
}

wire::Ack write(Receiver& receiver, const wire::Header& header) {
  EXPECT_EQ(receiver.on_chunk(header, true), ChunkStep{Write{}});
  return receiver.on_written(header, wire::WriteCall::none, 0);
}

ChunkStep answer(std::uint64_t index, std::uint32_t attempt, wire::AckStatus status) {
  return Answer{{.chunk = {index}, .attempt = attempt, .status = status}};
}

TEST(Receiver, an_intact_chunk_is_written_and_then_acknowledged) {
  Receiver receiver{config()};
  const wire::Ack ack = write(receiver, chunk(4, 2));
  EXPECT_EQ(ack, (wire::Ack{.chunk = {4}, .attempt = 2}));
  EXPECT_EQ(receiver.chunks_written(), 1U);
  EXPECT_EQ(receiver.bytes_written(), 100_B);
  EXPECT_TRUE(receiver.holds(1)) << "chunk 4 is its second";
  EXPECT_EQ(receiver.digests()[1], 1004U);
}

TEST(Receiver, holds_nothing_before_the_write_is_done) {
  Receiver receiver{config()};
  EXPECT_EQ(receiver.on_chunk(chunk(1), true), ChunkStep{Write{}});
  EXPECT_FALSE(receiver.holds(0));
  EXPECT_EQ(receiver.chunks_written(), 0U);
}

TEST(Receiver, knows_how_many_chunks_are_its_own) {
  EXPECT_EQ(Receiver{config()}.digests().size(), 3U);
  ReceiverConfig first = config();
  first.self = Rank{1};
  EXPECT_EQ(Receiver{first}.digests().size(), 4U);
  EXPECT_FALSE(Receiver{config()}.holds(3)) << "beyond the end";
}

TEST(Receiver, a_damaged_chunk_is_counted_answered_and_not_held) {
  Receiver receiver{config()};
  EXPECT_EQ(receiver.on_chunk(chunk(1, 3), false), answer(1, 3, wire::AckStatus::corrupt));
  EXPECT_EQ(receiver.chunks_corrupt(), 1U);
  EXPECT_EQ(receiver.chunks_written(), 0U);
  EXPECT_FALSE(receiver.holds(0));
}

TEST(Receiver, a_chunk_is_taken_after_its_damaged_copy) {
  Receiver receiver{config()};
  receiver.on_chunk(chunk(1), false);
  EXPECT_EQ(write(receiver, chunk(1, 1)).attempt, 1U);
  EXPECT_TRUE(receiver.holds(0));
}

TEST(Receiver, a_second_copy_is_answered_again_and_not_written_again) {
  Receiver receiver{config()};
  write(receiver, chunk(1));
  EXPECT_EQ(receiver.on_chunk(chunk(1, 1), true), answer(1, 1, wire::AckStatus::written));
  EXPECT_EQ(receiver.chunks_written(), 1U);
  EXPECT_EQ(receiver.bytes_written(), 100_B);
}

TEST(Receiver, other_bytes_for_a_chunk_that_it_holds_are_a_violation) {
  Receiver receiver{config()};
  write(receiver, chunk(1));
  wire::Header other = chunk(1, 1);
  ++other.payload_digest;
  EXPECT_EQ(receiver.on_chunk(other, true), ChunkStep{Violation{Errc::unexpected_message}});
}

TEST(Receiver, a_copy_of_a_chunk_that_is_being_written_is_ignored) {
  Receiver receiver{config()};
  EXPECT_EQ(receiver.on_chunk(chunk(1), true), ChunkStep{Write{}});
  EXPECT_EQ(receiver.on_chunk(chunk(1, 1), true), ChunkStep{Ignore{}}) << "the first is under way";
  receiver.on_written(chunk(1), wire::WriteCall::none, 0);
  EXPECT_EQ(receiver.chunks_written(), 1U);
  EXPECT_EQ(receiver.bytes_written(), 100_B);
}

TEST(Receiver, other_bytes_for_a_chunk_that_is_being_written_are_a_violation) {
  for (const ReceiverConfig& of : {config(), stream()}) {
    Receiver receiver{of};
    EXPECT_EQ(receiver.on_chunk(chunk(1), true), ChunkStep{Write{}});
    wire::Header other = chunk(1, 1);
    ++other.payload_digest;
    EXPECT_EQ(receiver.on_chunk(other, true), ChunkStep{Violation{Errc::unexpected_message}});
    receiver.on_written(chunk(1), wire::WriteCall::none, 0);
    EXPECT_EQ(receiver.digests()[0], 1001U) << "of the bytes that were written";
  }
}

TEST(Receiver, a_failed_write_names_the_call_and_errno_and_holds_nothing) {
  Receiver receiver{config()};
  receiver.on_chunk(chunk(1), true);
  const wire::Ack ack = receiver.on_written(chunk(1), wire::WriteCall::sync, 28);
  EXPECT_EQ(ack, (wire::Ack{.chunk = {1},
                            .status = wire::AckStatus::write_failed,
                            .call = wire::WriteCall::sync,
                            .system_errno = 28}));
  EXPECT_FALSE(receiver.holds(0));
  EXPECT_EQ(receiver.chunks_written(), 0U);
}

// Headers that have no place in the job, intact or not, and what is said of them.
struct Wrong {
  const char* name;
  Errc code;
  wire::Header header;
};
wire::Header with(std::uint64_t index, Bytes offset, Bytes length) {
  wire::Header header = chunk(index);
  header.offset = offset;
  header.length = length;
  return header;
}
std::vector<Wrong> wrong_headers() {
  wire::Header job = chunk(1);
  job.kind = wire::Kind::job;
  wire::Header foreign = chunk(1);
  foreign.job_id = kJob + 1;
  return {
      {"another kind", Errc::bad_kind, job},
      {"another job", Errc::unexpected_message, foreign},
      {"another worker's", Errc::unexpected_message, chunk(0)},
      {"offset too low", Errc::bad_field, with(1, 99_B, 100_B)},
      {"offset too high", Errc::bad_field, with(1, 101_B, 100_B)},
      {"offset of the next chunk", Errc::bad_field, with(1, 200_B, 100_B)},
      {"too short", Errc::bad_length, with(1, 100_B, 99_B)},
      {"too long", Errc::bad_length, with(1, 100_B, 101_B)},
      {"empty", Errc::bad_length, with(1, 100_B, 0_B)},
      {"first beyond the end", Errc::bad_field, chunk(10)},
      {"its own beyond the end", Errc::bad_field, chunk(13)},
      // 2^64 - 1 and 2^63 are worker 1's and 3's; 2^63 - 1 and 2^63 + 2 are 2's.
      {"near 2^63", Errc::bad_field, with(k2To63 - 1, {k2To63 - 100}, 100_B)},
      {"above 2^63", Errc::bad_field, with(k2To63 + 2, {k2To63 + 200}, 100_B)},
      // The product with the chunk size overflows to exactly 100.
      {"index that overflows", Errc::bad_field, with((k2To63 >> 1) * 3 + 1, 100_B, 100_B)},
      {"offset near 2^64", Errc::bad_field, with(1, {~std::uint64_t{0}}, 100_B)},
      {"length near 2^64", Errc::bad_length, with(1, 100_B, {~std::uint64_t{0}})},
  };
}

TEST(Receiver, a_message_that_has_no_place_in_the_job_is_a_violation) {
  for (const Wrong& wrong : wrong_headers()) {
    for (const bool intact : {true, false}) {
      Receiver receiver{config()};
      EXPECT_EQ(receiver.on_chunk(wrong.header, intact), ChunkStep{Violation{wrong.code}})
          << wrong.name;
      EXPECT_EQ(receiver.chunks_corrupt(), 0U) << wrong.name;
    }
  }
}

TEST(Receiver, only_the_last_chunk_may_be_shorter) {
  ReceiverConfig first = config();
  first.self = Rank{1};
  Receiver receiver{first};
  EXPECT_EQ(receiver.on_chunk(chunk(9), true), ChunkStep{Violation{Errc::bad_length}});
  EXPECT_EQ(receiver.on_chunk(with(9, 900_B, 50_B), true), ChunkStep{Write{}});
}

TEST(ReceiverStreams, grow_with_what_arrives_in_any_order) {
  Receiver receiver{stream()};
  EXPECT_EQ(receiver.digests().size(), 0U);
  write(receiver, chunk(7));
  EXPECT_TRUE(receiver.holds(2));
  EXPECT_FALSE(receiver.holds(0));
  EXPECT_FALSE(receiver.holds(1));
  write(receiver, chunk(1));
  EXPECT_TRUE(receiver.holds(0));
  EXPECT_EQ(receiver.digests().size(), 3U);
  EXPECT_EQ(receiver.digests()[2], 1007U);
}

TEST(ReceiverStreams, take_any_length_up_to_a_chunk_but_not_an_empty_one) {
  EXPECT_EQ(Receiver{stream()}.on_chunk(with(1, 100_B, 1_B), true), ChunkStep{Write{}});
  Receiver receiver{stream()};
  EXPECT_EQ(receiver.on_chunk(with(1, 100_B, 100_B), true), ChunkStep{Write{}});
  EXPECT_EQ(receiver.on_chunk(with(1, 100_B, 0_B), true), ChunkStep{Violation{Errc::bad_length}});
  EXPECT_EQ(receiver.on_chunk(with(1, 100_B, 101_B), true), ChunkStep{Violation{Errc::bad_length}});
}

TEST(ReceiverStreams, re_answer_a_second_copy) {
  Receiver receiver{stream()};
  write(receiver, chunk(4));
  EXPECT_EQ(receiver.on_chunk(chunk(4, 1), true), answer(4, 1, wire::AckStatus::written));
}

TEST(ReceiverStreams, refuse_a_chunk_that_no_window_can_reach) {
  for (const std::uint64_t k : {std::uint64_t{kMaxWindow}, k2To63 / 300}) {
    Receiver receiver{stream()};
    const ChunkStep step = receiver.on_chunk(chunk(3 * k + 1), true);
    EXPECT_EQ(step, ChunkStep{Violation{Errc::unexpected_message}}) << k;
    EXPECT_EQ(receiver.digests().size(), 0U) << "no memory for what a broken header claims";
  }
}

TEST(ReceiverStreams, take_the_last_chunk_of_the_widest_window_first) {
  Receiver receiver{stream()};
  write(receiver, chunk(3 * (kMaxWindow - 1) + 1));
  write(receiver, chunk(1));
  write(receiver, chunk(3 * (kMaxWindow + 1) + 1));
  EXPECT_TRUE(receiver.holds(kMaxWindow + 1));
}

}  // namespace
}  // namespace mpiferry::protocol
