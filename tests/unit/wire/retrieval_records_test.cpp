// The small records of a retrieval (requests, read replies, runs of chunks) have known bytes, so
// that they cannot change unseen, and every refusal is tested.
#include <array>
#include <cerrno>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "engine/wire/byte_order.hpp"
#include "engine/wire/retrieval.hpp"
#include "tests/unit/wire/bytes.hpp"

namespace mpiferry::wire {
namespace {

using ReadRequestBytes = std::array<std::byte, kReadRequestSize>;
using ReadReplyBytes = std::array<std::byte, kReadReplySize>;

ByteVector bytes(std::initializer_list<int> values) {
  ByteVector out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

const ReadRequest kRequest{.chunk = {0x0102030405060708},
                           .attempt = 0x11121314,
                           .directory = 0x21222324,
                           .digest = 0x3132333435363738,
                           .moved = true};
const ReadReply kReadReply{.chunk = {7},
                           .attempt = 2,
                           .status = ReadReply::Status::unreadable,
                           .call = ReadReply::Call::pread,
                           .system_errno = EIO,
                           .digest = 0x3132333435363738,
                           .length = 9_B};

TEST(ReadRequest, has_the_bytes_of_the_protocol) {
  ReadRequestBytes out{};
  encode(kRequest, out);
  EXPECT_EQ(ByteVector(out.begin(), out.end()),
            bytes({8,    7,    6,    5,    4,    3,    2,    1,    0x14, 0x13, 0x12,
                   0x11, 0x24, 0x23, 0x22, 0x21, 0x38, 0x37, 0x36, 0x35, 0x34, 0x33,
                   0x32, 0x31, 1,    0,    0,    0,    0,    0,    0,    0}));
}

TEST(ReadRequest, decode_returns_what_encode_wrote) {
  for (const ReadRequest& request :
       {kRequest, ReadRequest{}, ReadRequest{.chunk = {~std::uint64_t{0}}}}) {
    ReadRequestBytes out{};
    encode(request, out);
    const auto decoded = decode_read_request(out);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, request);
  }
}

TEST(ReadRequest, decode_refuses_flags_and_reserved_bytes_that_cannot_be) {
  for (std::size_t at = 24; at < kReadRequestSize; ++at) {
    ReadRequestBytes out{};
    encode(kRequest, out);
    out.at(at) = std::byte{2};
    const auto decoded = decode_read_request(out);
    ASSERT_FALSE(decoded) << at;
    EXPECT_EQ(decoded.error().code, Errc::bad_field);
  }
}

TEST(ReadReply, has_the_bytes_of_the_protocol) {
  ReadReplyBytes out{};
  encode(kReadReply, out);
  EXPECT_EQ(
      ByteVector(out.begin(), out.end()),
      bytes({7, 0, 0, 0, 0,    0,    0,    0,    2,    0,    0,    0,    3, 0, 2, 0, 5, 0, 0, 0,
             0, 0, 0, 0, 0x38, 0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0x31, 9, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(ReadReply, decode_returns_what_encode_wrote) {
  for (const auto status : {ReadReply::Status::whole, ReadReply::Status::missing,
                            ReadReply::Status::wrong_length, ReadReply::Status::unreadable}) {
    for (const auto call : {ReadReply::Call::none, ReadReply::Call::open, ReadReply::Call::pread}) {
      ReadReply reply = kReadReply;
      reply.status = status;
      reply.call = call;
      ReadReplyBytes out{};
      encode(reply, out);
      const auto decoded = decode_read_reply(out);
      ASSERT_TRUE(decoded);
      EXPECT_EQ(*decoded, reply);
    }
  }
}

TEST(ReadReply, decode_refuses_what_cannot_be) {
  struct Forgery {
    std::size_t at;
    int value;
  };
  for (const Forgery forgery : {Forgery{12, 4}, Forgery{13, 1}, Forgery{14, 3}, Forgery{15, 1},
                                Forgery{19, 0x80}, Forgery{20, 1}, Forgery{23, 1}}) {
    ReadReplyBytes out{};
    encode(kReadReply, out);
    out.at(forgery.at) = static_cast<std::byte>(forgery.value);
    const auto decoded = decode_read_reply(out);
    ASSERT_FALSE(decoded) << forgery.at;
    EXPECT_EQ(decoded.error().code, Errc::bad_field);
  }
}

TEST(ReadReply, names_its_calls) {
  EXPECT_STREQ(call_name(ReadReply::Call::none), "");
  EXPECT_STREQ(call_name(ReadReply::Call::open), "open");
  EXPECT_STREQ(call_name(ReadReply::Call::pread), "pread");
}

ByteVector encoded(const SeenChunks& seen) {
  ByteVector out(kControlPayload.value);
  out.resize(encode(seen, out));
  return out;
}

TEST(SeenChunks, decode_returns_what_encode_wrote) {
  SeenChunks seen{.directory = 9, .runs = {{0, 3, 100}, {1000, 1, 1}, {kMaxChunks - 1, 7, 1}}};
  EXPECT_EQ(*decode_seen_chunks(encoded(seen)), seen);
  seen.runs.clear();
  EXPECT_EQ(encoded(seen).size(), kSeenChunksHead);
  EXPECT_EQ(*decode_seen_chunks(encoded(seen)), seen);
}

TEST(SeenChunks, the_most_runs_fill_a_message) {
  const SeenChunks seen{.directory = 0, .runs = std::vector<ChunkRun>(kMaxRuns, {1, 1, 1})};
  const ByteVector out = encoded(seen);
  EXPECT_LE(out.size(), kControlPayload.value);
  EXPECT_GT(out.size() + kRunSize, kControlPayload.value);
  EXPECT_EQ(decode_seen_chunks(out)->runs.size(), kMaxRuns);
}

TEST(SeenChunks, decode_refuses_lengths_that_cannot_be) {
  const ByteVector out = encoded({.directory = 0, .runs = {{0, 1, 1}, {1, 1, 1}}});
  for (std::size_t length = 0; length < out.size(); ++length) {
    const bool right = length >= kSeenChunksHead && (length - kSeenChunksHead) % kRunSize == 0;
    EXPECT_EQ(static_cast<bool>(decode_seen_chunks(std::span{out}.first(length))), right) << length;
  }
}

TEST(SeenChunks, decode_refuses_chunks_that_cannot_be) {
  constexpr std::uint32_t kMax = ~std::uint32_t{0};
  const auto refused = [](ChunkRun run) {
    return !decode_seen_chunks(encoded({.directory = 0, .runs = {run}}));
  };
  EXPECT_TRUE(refused({0, 0, 1}));
  EXPECT_TRUE(refused({0, 1, 0}));
  EXPECT_TRUE(refused({kMaxChunks, 1, 1}));
  EXPECT_TRUE(refused({kMaxChunks - 1, 1, 2}));
  EXPECT_TRUE(refused({0, kMax, kMax}));
  EXPECT_TRUE(refused({~std::uint64_t{0}, kMax, kMax}));
  EXPECT_FALSE(refused({kMaxChunks - 3, 2, 2}));
}

}  // namespace
}  // namespace mpiferry::wire
