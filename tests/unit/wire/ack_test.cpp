#include "engine/wire/ack.hpp"

#include <array>
#include <cerrno>
#include <limits>
#include <string_view>

#include <gtest/gtest.h>

#include "engine/wire/byte_order.hpp"
#include "tests/unit/wire/bytes.hpp"

namespace mpiferry::wire {
namespace {

using AckBytes = std::array<std::byte, kAckSize>;

AckBytes encoded(const Ack& ack) {
  AckBytes out;
  out.fill(std::byte{0xee});  // so that a byte that is not written shows
  encode(ack, std::span{out});
  return out;
}

Result<Ack> decoded(const AckBytes& bytes) { return decode_ack(std::span{bytes}); }

void expect_refused(const Ack& ack) {
  const auto result = decoded(encoded(ack));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::bad_field);
}

constexpr Ack kWriteFailed{
    {0x0102030405060708}, 2, AckStatus::write_failed, WriteCall::write, ENOSPC};

TEST(Ack, has_the_documented_bytes) {
  // Built with Python's struct.pack('<QIHHiI', ...).
  EXPECT_EQ(text_of(encoded(kWriteFailed)), std::string_view("\x08\x07\x06\x05\x04\x03\x02\x01"
                                                             "\x02\x00\x00\x00"
                                                             "\x02\x00"
                                                             "\x02\x00"
                                                             "\x1c\x00\x00\x00"
                                                             "\x00\x00\x00\x00",
                                                             kAckSize));
}

TEST(Ack, decode_returns_what_encode_wrote) {
  const Ack acks[] = {
      {},
      {{~std::uint64_t{0}}, ~std::uint32_t{0}, AckStatus::corrupt, WriteCall::none, 0},
      {{5}, 0, AckStatus::write_failed, WriteCall::none, 0},
      {{5}, 1, AckStatus::write_failed, WriteCall::open, EACCES},
      {{5}, 1, AckStatus::write_failed, WriteCall::sync, EIO},
      {{5},
       1,
       AckStatus::write_failed,
       WriteCall::rename,
       std::numeric_limits<std::int32_t>::max()},
      kWriteFailed,
  };
  for (const Ack& ack : acks) {
    const auto result = decoded(encoded(ack));
    ASSERT_TRUE(result);
    EXPECT_EQ(*result, ack);
  }
}

TEST(Ack, decode_refuses_an_unknown_status) {
  for (const int status : {3, 0x100, 0xffff}) {
    Ack ack;
    ack.status = static_cast<AckStatus>(status);
    expect_refused(ack);
  }
}

TEST(Ack, decode_refuses_an_unknown_call) {
  for (const int call : {11, 0x100, 0xffff}) {
    Ack ack = kWriteFailed;
    ack.call = static_cast<WriteCall>(call);
    expect_refused(ack);
  }
}

TEST(Ack, decode_refuses_reserved_bytes_that_are_not_0) {
  for (std::size_t i = 20; i < kAckSize; ++i) {
    AckBytes bytes = encoded(kWriteFailed);
    bytes[i] = std::byte{0x80};
    EXPECT_FALSE(decoded(bytes)) << i;
  }
}

TEST(Ack, decode_refuses_an_errno_or_a_call_although_no_write_failed) {
  for (const AckStatus status : {AckStatus::written, AckStatus::corrupt}) {
    Ack ack;
    ack.status = status;
    ack.system_errno = EIO;
    expect_refused(ack);
    ack.system_errno = 0;
    ack.call = WriteCall::open;
    expect_refused(ack);
  }
}

TEST(Ack, decode_refuses_a_negative_errno) {
  for (const std::int32_t value : {-1, std::numeric_limits<std::int32_t>::min()}) {
    Ack ack = kWriteFailed;
    ack.system_errno = value;
    expect_refused(ack);
  }
}

TEST(Ack, calls_are_named_as_the_system_names_them) {
  EXPECT_STREQ(call_name(WriteCall::none), "");
  EXPECT_STREQ(call_name(WriteCall::open), "open");
  EXPECT_STREQ(call_name(WriteCall::write), "pwrite");
  EXPECT_STREQ(call_name(WriteCall::sync), "fsync");
  EXPECT_STREQ(call_name(WriteCall::rename), "rename");
  EXPECT_STREQ(call_name(WriteCall::append), "write");
  EXPECT_STREQ(call_name(WriteCall::truncate), "ftruncate");
  EXPECT_STREQ(call_name(WriteCall::close), "close");
  EXPECT_STREQ(call_name(WriteCall::allocate), "fallocate");
  EXPECT_STREQ(call_name(WriteCall::stat), "fstat");
  EXPECT_STREQ(call_name(WriteCall::attributes), "fchmod, fchown or futimens");
  EXPECT_STREQ(call_name(static_cast<WriteCall>(99)), "");
}

}  // namespace
}  // namespace mpiferry::wire
