#include "engine/wire/header.hpp"

#include <algorithm>
#include <functional>
#include <sys/mman.h>

#include <gtest/gtest.h>

#include "engine/wire/byte_order.hpp"
#include "engine/wire/digest.hpp"
#include "tests/unit/wire/bytes.hpp"

namespace mpiferry::wire {
namespace {

constexpr std::uint64_t kTwoTo63 = std::uint64_t{1} << 63U;

Header chunk_header(std::span<const std::byte> payload) {
  Header header;
  header.kind = Kind::chunk;
  header.job_id = 0x1122334455667788;
  header.chunk = ChunkIndex{7};
  header.offset = 7_MiB;
  header.length = Bytes{payload.size()};
  header.attempt = 3;
  header.payload_digest = chunk_digest(payload);
  return header;
}

ByteVector message_of(const Header& header, std::span<const std::byte> payload) {
  // Not zeroed, so that a byte that encode forgets shows.
  ByteVector message(kHeaderSize + payload.size(), std::byte{0xee});
  encode(header, std::span{message}.first<kHeaderSize>());
  std::ranges::copy(payload, message.begin() + kHeaderSize);
  return message;
}

// The message after `change`, under a digest that is right again: what a faulty peer would send,
// not what a faulty wire would deliver.
ByteVector forged(ByteVector message,
                  const std::function<void(std::span<std::byte, kHeaderSize>)>& change) {
  const auto header = std::span{message}.first<kHeaderSize>();
  change(header);
  put<56>(header, chunk_digest(header.first<56>()));
  return message;
}

void expect_refused(std::span<const std::byte> message, Errc code) {
  const auto header = decode(message);
  ASSERT_FALSE(header);
  EXPECT_EQ(error_name(header.error().code), error_name(code));
}

TEST(Header, has_the_documented_bytes) {
  // Built with Python's struct.pack('<IHHQQQQIIQ', ...); the digest is xxhsum's.
  const ByteVector message = message_of(chunk_header(bytes_of("hello world\n")), {});
  EXPECT_EQ(text_of(message), std::string_view("MPFY"
                                               "\x02\x00"
                                               "\x02\x00"
                                               "\x88\x77\x66\x55\x44\x33\x22\x11"
                                               "\x07\x00\x00\x00\x00\x00\x00\x00"
                                               "\x00\x00\x70\x00\x00\x00\x00\x00"
                                               "\x0c\x00\x00\x00\x00\x00\x00\x00"
                                               "\x03\x00\x00\x00"
                                               "\x00\x00\x00\x00"
                                               "\xde\x6b\x3c\xb7\xd4\x7e\x2f\xd4"
                                               "\xab\x23\x12\x5f\x28\x12\xf2\xa9",
                                               64));
}

TEST(Header, decode_returns_what_encode_wrote) {
  const ByteVector payload = pattern(1000);
  for (const Kind kind :
       {Kind::job, Kind::chunk, Kind::end, Kind::ready, Kind::acks, Kind::failed, Kind::closed,
        Kind::busy, Kind::alive, Kind::over, Kind::capacity, Kind::clear}) {
    Header header = chunk_header(payload);
    header.kind = kind;
    const auto decoded = decode(message_of(header, payload));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, header);
  }
}

TEST(Header, decode_accepts_a_message_without_payload) {
  const auto decoded = decode(message_of(Header{}, {}));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, Header{});
}

TEST(Header, decode_refuses_a_damaged_header) {
  const ByteVector message = message_of(chunk_header({}), {});
  for (std::size_t bit = 0; bit < 8 * kHeaderSize; ++bit) {
    ByteVector damaged = message;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    const Errc code = bit < 32   ? Errc::bad_magic
                      : bit < 48 ? Errc::bad_version
                                 : Errc::bad_header_digest;
    SCOPED_TRACE(bit);
    expect_refused(damaged, code);
  }
}

TEST(Header, decode_refuses_every_message_that_is_too_short_for_a_header) {
  const ByteVector message = message_of(chunk_header({}), {});
  for (std::size_t size = 0; size < kHeaderSize; ++size) {
    expect_refused(std::span{message}.first(size), Errc::bad_length);
  }
}

TEST(Header, decode_refuses_a_stranger) {
  expect_refused(ByteVector(kHeaderSize), Errc::bad_magic);
  expect_refused(pattern(2 * kHeaderSize), Errc::bad_magic);
}

TEST(Header, decode_refuses_another_version_even_if_it_is_whole) {
  const ByteVector message = message_of(chunk_header({}), {});
  for (const unsigned version : {0U, 1U, 3U, 0x100U}) {
    expect_refused(
        forged(message, [version](auto out) { put<4>(out, static_cast<std::uint16_t>(version)); }),
        Errc::bad_version);
  }
}

TEST(Header, decode_refuses_every_kind_that_is_none) {
  const ByteVector message = message_of(chunk_header({}), {});
  std::size_t known = 0;
  for (std::uint32_t kind = 0; kind <= 0xffff; ++kind) {
    const auto decoded = decode(
        forged(message, [kind](auto out) { put<6>(out, static_cast<std::uint16_t>(kind)); }));
    if (decoded) {
      ++known;
    } else {
      ASSERT_EQ(decoded.error().code, Errc::bad_kind);
    }
  }
  EXPECT_EQ(known, 18U);
}

TEST(Header, decode_refuses_a_length_that_is_not_the_payloads) {
  const ByteVector payload = pattern(100);
  const ByteVector message = message_of(chunk_header(payload), payload);
  expect_refused(std::span{message}.first(kHeaderSize + 99), Errc::bad_length);
  for (const std::uint64_t length :
       {std::uint64_t{0}, std::uint64_t{99}, std::uint64_t{101},
        std::uint64_t{100} + (std::uint64_t{1} << 32U), kTwoTo63, ~std::uint64_t{0}}) {
    expect_refused(forged(message, [length](auto out) { put<32>(out, length); }), Errc::bad_length);
  }
}

TEST(Header, decode_refuses_a_payload_above_1_gib) {
  // Only the header is read; the pages behind it are never touched and take no memory.
  const std::size_t size = kHeaderSize + kMaxChunkSize.value + 1;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  const std::span message{static_cast<std::byte*>(memory), size};
  Header header = chunk_header({});
  header.length = kMaxChunkSize;
  encode(header, message.first<kHeaderSize>());
  EXPECT_TRUE(decode(message.first(size - 1)));
  header.length = kMaxChunkSize + 1_B;
  encode(header, message.first<kHeaderSize>());
  expect_refused(message, Errc::bad_length);
  ::munmap(memory, size);
}

TEST(Header, decode_refuses_reserved_bytes_that_are_not_0) {
  const ByteVector message = message_of(chunk_header({}), {});
  for (std::size_t i = 44; i < 48; ++i) {
    expect_refused(forged(message, [i](auto out) { out[i] = std::byte{1}; }), Errc::bad_field);
  }
}

TEST(Header, decode_refuses_a_chunk_that_ends_beyond_2_to_63) {
  const ByteVector payload = pattern(100);
  Header header = chunk_header(payload);
  for (const std::uint64_t offset : {kTwoTo63 - 99, kTwoTo63, ~std::uint64_t{0} - 50}) {
    header.offset = Bytes{offset};
    expect_refused(message_of(header, payload), Errc::bad_field);
  }
  header.offset = Bytes{kTwoTo63 - 100};
  EXPECT_TRUE(decode(message_of(header, payload)));
}

TEST(Header, decode_names_the_first_of_several_faults) {
  const ByteVector message = message_of(chunk_header({}), {});
  const auto change = [](bool magic, bool version, bool kind, bool length, bool reserved) {
    return [=](std::span<std::byte, kHeaderSize> out) {
      if (magic) put<0>(out, std::uint32_t{0});
      if (version) put<4>(out, std::uint16_t{9});
      if (kind) put<6>(out, std::uint16_t{9});
      if (length) put<32>(out, std::uint64_t{9});
      if (reserved) put<44>(out, std::uint32_t{9});
    };
  };
  expect_refused(forged(message, change(true, true, true, true, true)), Errc::bad_magic);
  expect_refused(forged(message, change(false, true, true, true, true)), Errc::bad_version);
  expect_refused(forged(message, change(false, false, true, true, true)), Errc::bad_kind);
  expect_refused(forged(message, change(false, false, false, true, true)), Errc::bad_length);
  expect_refused(forged(message, change(false, false, false, false, true)), Errc::bad_field);
}

TEST(Header, payload_matches_if_no_bit_changed) {
  const ByteVector payload = pattern(1000);
  const Header header = chunk_header(payload);
  EXPECT_TRUE(payload_matches(header, payload));
  EXPECT_TRUE(payload_matches(chunk_header({}), {}));
}

TEST(Header, payload_does_not_match_if_a_bit_changed_that_decode_cannot_see) {
  const ByteVector payload = pattern(1000);
  const Header header = chunk_header(payload);
  for (const std::size_t i : {std::size_t{0}, std::size_t{500}, std::size_t{999}}) {
    ByteVector message = message_of(header, payload);
    message[kHeaderSize + i] ^= std::byte{0x10};
    EXPECT_TRUE(decode(message));
    EXPECT_FALSE(payload_matches(header, std::span{message}.subspan(kHeaderSize))) << i;
  }
}

TEST(Header, payload_does_not_match_if_it_has_another_length) {
  const ByteVector payload = pattern(1000);
  const Header header = chunk_header(payload);
  EXPECT_FALSE(payload_matches(header, std::span{payload}.first(payload.size() - 1)));
  EXPECT_FALSE(payload_matches(header, {}));

  Header longer = header;
  ++longer.length.value;  // although the digest is that of the bytes that came
  EXPECT_FALSE(payload_matches(longer, payload));
}

}  // namespace
}  // namespace mpiferry::wire
