// The small records of a recall: requests, findings, runs of chunks. Known bytes, so that they can
// not change unseen, and every refusal.
#include <array>
#include <cerrno>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "engine/wire/byte_order.hpp"
#include "engine/wire/recall.hpp"
#include "tests/unit/wire/bytes.hpp"

namespace mpiferry::wire {
namespace {

using RequestBytes = std::array<std::byte, kRequestSize>;
using FindingBytes = std::array<std::byte, kFindingSize>;

ByteVector bytes(std::initializer_list<int> values) {
  ByteVector out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

const Request kRequest{.chunk = {0x0102030405060708},
                       .attempt = 0x11121314,
                       .directory = 0x21222324,
                       .digest = 0x3132333435363738,
                       .moved = true};
const Finding kFinding{.chunk = {7},
                       .attempt = 2,
                       .status = Finding::Status::unreadable,
                       .call = Finding::Call::pread,
                       .system_errno = EIO,
                       .digest = 0x3132333435363738};

TEST(Request, has_the_bytes_of_the_protocol) {
  RequestBytes out{};
  encode(kRequest, out);
  EXPECT_EQ(ByteVector(out.begin(), out.end()),
            bytes({8,    7,    6,    5,    4,    3,    2,    1,    0x14, 0x13, 0x12,
                   0x11, 0x24, 0x23, 0x22, 0x21, 0x38, 0x37, 0x36, 0x35, 0x34, 0x33,
                   0x32, 0x31, 1,    0,    0,    0,    0,    0,    0,    0}));
}

TEST(Request, decode_returns_what_encode_wrote) {
  for (const Request& request : {kRequest, Request{}, Request{.chunk = {~std::uint64_t{0}}}}) {
    RequestBytes out{};
    encode(request, out);
    const auto decoded = decode_request(out);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, request);
  }
}

TEST(Request, decode_refuses_flags_and_reserved_bytes_that_can_not_be) {
  for (std::size_t at = 24; at < kRequestSize; ++at) {
    RequestBytes out{};
    encode(kRequest, out);
    out.at(at) = std::byte{2};
    const auto decoded = decode_request(out);
    ASSERT_FALSE(decoded) << at;
    EXPECT_EQ(decoded.error().code, Errc::bad_field);
  }
}

TEST(Finding, has_the_bytes_of_the_protocol) {
  FindingBytes out{};
  encode(kFinding, out);
  EXPECT_EQ(ByteVector(out.begin(), out.end()),
            bytes({7, 0, 0, 0, 0, 0, 0, 0, 2,    0,    0,    0,    3,    0,    2,    0,
                   5, 0, 0, 0, 0, 0, 0, 0, 0x38, 0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0x31}));
}

TEST(Finding, decode_returns_what_encode_wrote) {
  for (const auto status : {Finding::Status::whole, Finding::Status::missing,
                            Finding::Status::wrong_length, Finding::Status::unreadable}) {
    for (const auto call : {Finding::Call::none, Finding::Call::open, Finding::Call::pread}) {
      Finding finding = kFinding;
      finding.status = status;
      finding.call = call;
      FindingBytes out{};
      encode(finding, out);
      const auto decoded = decode_finding(out);
      ASSERT_TRUE(decoded);
      EXPECT_EQ(*decoded, finding);
    }
  }
}

TEST(Finding, decode_refuses_what_can_not_be) {
  struct Forgery {
    std::size_t at;
    int value;
  };
  for (const Forgery forgery : {Forgery{12, 4}, Forgery{13, 1}, Forgery{14, 3}, Forgery{15, 1},
                                Forgery{19, 0x80}, Forgery{20, 1}, Forgery{23, 1}}) {
    FindingBytes out{};
    encode(kFinding, out);
    out.at(forgery.at) = static_cast<std::byte>(forgery.value);
    const auto decoded = decode_finding(out);
    ASSERT_FALSE(decoded) << forgery.at;
    EXPECT_EQ(decoded.error().code, Errc::bad_field);
  }
}

TEST(Finding, names_its_calls) {
  EXPECT_STREQ(call_name(Finding::Call::none), "");
  EXPECT_STREQ(call_name(Finding::Call::open), "open");
  EXPECT_STREQ(call_name(Finding::Call::pread), "pread");
}

ByteVector encoded(const Holding& holding) {
  ByteVector out(kControlPayload.value);
  out.resize(encode(holding, out));
  return out;
}

TEST(Holding, decode_returns_what_encode_wrote) {
  Holding holding{.directory = 9, .runs = {{0, 3, 100}, {1000, 1, 1}, {kMaxChunks - 1, 7, 1}}};
  EXPECT_EQ(*decode_holding(encoded(holding)), holding);
  holding.runs.clear();
  EXPECT_EQ(encoded(holding).size(), kHoldingHead);
  EXPECT_EQ(*decode_holding(encoded(holding)), holding);
}

TEST(Holding, the_most_runs_fill_a_message) {
  const Holding holding{.directory = 0, .runs = std::vector<ChunkRun>(kMostRuns, {1, 1, 1})};
  const ByteVector out = encoded(holding);
  EXPECT_LE(out.size(), kControlPayload.value);
  EXPECT_GT(out.size() + kRunSize, kControlPayload.value);
  EXPECT_EQ(decode_holding(out)->runs.size(), kMostRuns);
}

TEST(Holding, decode_refuses_lengths_that_can_not_be) {
  const ByteVector out = encoded({.directory = 0, .runs = {{0, 1, 1}, {1, 1, 1}}});
  for (std::size_t length = 0; length < out.size(); ++length) {
    const bool right = length >= kHoldingHead && (length - kHoldingHead) % kRunSize == 0;
    EXPECT_EQ(static_cast<bool>(decode_holding(std::span{out}.first(length))), right) << length;
  }
}

TEST(Holding, decode_refuses_chunks_that_can_not_be) {
  constexpr std::uint32_t kMost = ~std::uint32_t{0};
  const auto refused = [](ChunkRun run) {
    return !decode_holding(encoded({.directory = 0, .runs = {run}}));
  };
  EXPECT_TRUE(refused({0, 0, 1}));
  EXPECT_TRUE(refused({0, 1, 0}));
  EXPECT_TRUE(refused({kMaxChunks, 1, 1}));
  EXPECT_TRUE(refused({kMaxChunks - 1, 1, 2}));
  EXPECT_TRUE(refused({0, kMost, kMost}));
  EXPECT_TRUE(refused({~std::uint64_t{0}, kMost, kMost}));
  EXPECT_FALSE(refused({kMaxChunks - 3, 2, 2}));
}

}  // namespace
}  // namespace mpiferry::wire
