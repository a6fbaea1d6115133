#include "engine/wire/digest.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/unit/wire/bytes.hpp"

namespace mpiferry::wire {
namespace {

struct KnownAnswer {
  std::size_t size;
  const char* xxh3;
  const char* xxh128;
};

// What xxhsum 0.8.1 prints with -H3 and -H2 for files of `pattern`. XXH3 takes another path for
// every class of lengths; 240 bytes is where the long one begins.
constexpr KnownAnswer kAnswers[] = {
    {0, "2d06800538d394c2", "99aa06d3014798d86001c324468d497f"},
    {1, "4c5cca45d0f4811f", "495b62073ef70ca44c5cca45d0f4811f"},
    {239, "caa9b7a588464745", "75acb2ecd970b3996df5c761356a5057"},
    {240, "ccc7375172c41f03", "de57aab31e77a2ff93e173833f75ab66"},
    {241, "0b3b630948ce4a00", "92b991a7192f3f080b3b630948ce4a00"},
    {1048576, "269eb834f6c110a9", "e3503d8de40743b7269eb834f6c110a9"},
};

template <class Digest>
void update_in_pieces(Digest& digest, std::span<const std::byte> bytes, std::size_t piece) {
  while (!bytes.empty()) {
    const std::size_t size = std::min(piece, bytes.size());
    digest.update(bytes.first(size));
    bytes = bytes.subspan(size);
  }
}

TEST(Digest, chunk_digest_is_what_xxhsum_H3_prints) {
  for (const KnownAnswer& answer : kAnswers) {
    EXPECT_EQ(to_hex(chunk_digest(pattern(answer.size))), answer.xxh3) << answer.size;
  }
  EXPECT_EQ(to_hex(chunk_digest(bytes_of("abc"))), "78af5f94892f3950");
}

TEST(Digest, chunk_digest_in_pieces_is_that_of_the_whole) {
  for (const KnownAnswer& answer : kAnswers) {
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{7}, std::size_t{64}, std::size_t{4096}}) {
      ChunkDigest digest;
      update_in_pieces(digest, pattern(answer.size), piece);
      EXPECT_EQ(to_hex(digest.value()), answer.xxh3) << answer.size << " by " << piece;
    }
  }
}

TEST(Digest, file_digest_is_what_xxhsum_H2_prints) {
  for (const KnownAnswer& answer : kAnswers) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}, std::size_t{1048576}}) {
      FileDigest digest;
      update_in_pieces(digest, pattern(answer.size), piece);
      EXPECT_EQ(to_hex(digest.value()), answer.xxh128) << answer.size << " by " << piece;
    }
  }
}

TEST(Digest, nothing_changes_nothing) {
  ChunkDigest chunk;
  chunk.update({});
  EXPECT_EQ(chunk.value(), chunk_digest({}));
  FileDigest file;
  file.update(bytes_of("abc"));
  file.update({});
  EXPECT_EQ(to_hex(file.value()), "06b05ab6733a618578af5f94892f3950");
}

TEST(Digest, one_flipped_bit_changes_it) {
  ByteVector bytes = pattern(300);
  const std::uint64_t before = chunk_digest(bytes);
  bytes[299] ^= std::byte{1};
  EXPECT_NE(chunk_digest(bytes), before);
}

TEST(Digest, value_may_be_asked_between_updates) {
  ChunkDigest digest;
  digest.update(bytes_of("ab"));
  EXPECT_EQ(digest.value(), chunk_digest(bytes_of("ab")));
  digest.update(bytes_of("c"));
  EXPECT_EQ(digest.value(), chunk_digest(bytes_of("abc")));
}

TEST(Digest, reset_starts_anew) {
  ChunkDigest digest;
  digest.update(pattern(1000));
  digest.reset();
  EXPECT_EQ(digest.value(), chunk_digest({}));
  digest.update(bytes_of("abc"));
  EXPECT_EQ(digest.value(), chunk_digest(bytes_of("abc")));
}

TEST(Digest, a_move_carries_what_was_read) {
  ChunkDigest chunk;
  chunk.update(bytes_of("ab"));
  ChunkDigest moved_chunk = std::move(chunk);
  moved_chunk.update(bytes_of("c"));
  EXPECT_EQ(moved_chunk.value(), chunk_digest(bytes_of("abc")));

  FileDigest file;
  file.update(bytes_of("ab"));
  FileDigest moved_file;
  moved_file = std::move(file);
  moved_file.update(bytes_of("c"));
  EXPECT_EQ(to_hex(moved_file.value()), "06b05ab6733a618578af5f94892f3950");
}

TEST(Hex, has_leading_zeros_and_lower_case) {
  EXPECT_EQ(to_hex(std::uint64_t{0xABC}), "0000000000000abc");
  EXPECT_EQ(to_hex(Digest128{0, 0xF}), "0000000000000000000000000000000f");
  EXPECT_EQ(to_hex(Digest128{0xF, 0}), "000000000000000f0000000000000000");
}

TEST(Hex, reads_what_it_wrote) {
  for (const std::uint64_t value :
       {0ULL, 1ULL, 0x8000000000000000ULL, ~0ULL, 0x0123456789abcdefULL}) {
    const auto read = digest_from_hex(to_hex(value));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, value);
    const Digest128 wide{value, ~value};
    const auto read_wide = digest128_from_hex(to_hex(wide));
    ASSERT_TRUE(read_wide);
    EXPECT_EQ(*read_wide, wide);
  }
}

TEST(Hex, reads_upper_case) {
  const auto read = digest_from_hex("00000000DEADBEEF");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, 0xdeadbeefU);
}

TEST(Hex, refuses_another_length) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{15}, std::size_t{17}, std::size_t{32}}) {
    const auto read = digest_from_hex(std::string(size, '0'));
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().code, Errc::bad_field);
  }
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{16}, std::size_t{31}, std::size_t{33}}) {
    const auto read = digest128_from_hex(std::string(size, '0'));
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().code, Errc::bad_field);
  }
}

TEST(Hex, refuses_what_is_no_digit_at_any_place) {
  for (const char bad : {'g', 'G', ' ', '-', '+', 'x', '\0', '/', ':', '@', '`', '\xff'}) {
    for (std::size_t i = 0; i < 32; ++i) {
      std::string hex(32, '0');
      hex[i] = bad;
      EXPECT_FALSE(digest128_from_hex(hex)) << bad << " at " << i;
      if (i < 16) {
        EXPECT_FALSE(digest_from_hex(hex.substr(0, 16))) << bad << " at " << i;
      }
    }
  }
}

TEST(Sums, a_line_is_what_xxhsum_prints_and_checks) {
  EXPECT_EQ(sums_line("c0", 0x9555e8555c62dcfdU), "XXH3 (c0) = 9555e8555c62dcfd\n");
  EXPECT_EQ(sums_line("c0", chunk_digest(bytes_of("hello world\n"))),
            "XXH3 (c0) = d42f7ed4b73c6bde\n");
}

TEST(Sums, a_line_carries_the_name_unchanged) {
  // xxhsum 0.8.1 escapes nothing, and finds the name between the first "(" and the last ")".
  EXPECT_EQ(sums_line("a b) = (\\\xff", 1), "XXH3 (a b) = (\\\xff) = 0000000000000001\n");
}

}  // namespace
}  // namespace mpiferry::wire
