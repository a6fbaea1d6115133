#include "engine/plan/chunk_plan.hpp"

#include <gtest/gtest.h>

namespace mpiferry::plan {
namespace {

TEST(ChunkPlan, an_empty_file_has_no_chunks) {
  constexpr ChunkPlan kPlan{0_B, 1_MiB};
  EXPECT_EQ(kPlan.chunks(), 0U);
}

TEST(ChunkPlan, one_byte_is_one_chunk_of_one_byte) {
  constexpr ChunkPlan kPlan{1_B, 1_MiB};
  EXPECT_EQ(kPlan.chunks(), 1U);
  EXPECT_EQ(kPlan.offset_of({0}), 0_B);
  EXPECT_EQ(kPlan.length_of({0}), 1_B);
}

TEST(ChunkPlan, an_exact_multiple_has_no_short_and_no_empty_chunk) {
  constexpr ChunkPlan kPlan{4_MiB, 1_MiB};
  EXPECT_EQ(kPlan.chunks(), 4U);
  EXPECT_EQ(kPlan.length_of({3}), 1_MiB);
}

TEST(ChunkPlan, only_the_last_chunk_is_shorter) {
  constexpr ChunkPlan kPlan{10_B, 4_B};
  ASSERT_EQ(kPlan.chunks(), 3U);
  EXPECT_EQ(kPlan.length_of({0}), 4_B);
  EXPECT_EQ(kPlan.length_of({1}), 4_B);
  EXPECT_EQ(kPlan.length_of({2}), 2_B);
}

TEST(ChunkPlan, a_chunk_larger_than_the_file_holds_all_of_it) {
  constexpr ChunkPlan kPlan{10_B, 1_GiB};
  EXPECT_EQ(kPlan.chunks(), 1U);
  EXPECT_EQ(kPlan.length_of({0}), 10_B);
}

TEST(ChunkPlan, counts_beyond_4_gib) {
  constexpr ChunkPlan kPlan{5_GiB + 1_B, 1_MiB};
  EXPECT_EQ(kPlan.chunks(), 5121U);
  EXPECT_EQ(kPlan.offset_of({5120}), 5_GiB);
  EXPECT_EQ(kPlan.length_of({5119}), 1_MiB);
  EXPECT_EQ(kPlan.length_of({5120}), 1_B);
}

TEST(ChunkPlan, counts_more_chunks_than_32_bits_hold) {
  constexpr Bytes kSize{(std::uint64_t{1} << 40U) + 1};
  constexpr ChunkPlan kPlan{kSize, 1_B};
  EXPECT_EQ(kPlan.chunks(), kSize.value);
  EXPECT_EQ(kPlan.offset_of({kSize.value - 1}), kSize - 1_B);
  EXPECT_EQ(kPlan.length_of({kSize.value - 1}), 1_B);
}

TEST(ChunkPlan, counts_the_largest_file_without_overflow) {
  constexpr ChunkPlan kPlan{Bytes{~std::uint64_t{0}}, kMaxChunkSize};
  EXPECT_EQ(kPlan.chunks(), std::uint64_t{1} << 34U);
  EXPECT_EQ(kPlan.length_of({(std::uint64_t{1} << 34U) - 1}), 1_GiB - 1_B);
}

TEST(ChunkPlan, chunks_cover_the_file_without_gap_or_overlap) {
  for (std::uint64_t size = 0; size <= 40; ++size) {
    for (std::uint64_t chunk_size = 1; chunk_size <= 41; ++chunk_size) {
      const ChunkPlan plan{Bytes{size}, Bytes{chunk_size}};
      Bytes end = 0_B;
      for (std::uint64_t i = 0; i < plan.chunks(); ++i) {
        ASSERT_EQ(plan.offset_of({i}), end);
        ASSERT_GT(plan.length_of({i}), 0_B);
        ASSERT_LE(plan.length_of({i}), Bytes{chunk_size});
        end += plan.length_of({i});
      }
      ASSERT_EQ(end, Bytes{size});
    }
  }
}

TEST(ChunkPlan, a_stream_has_the_offsets_of_a_file) {
  constexpr ChunkPlan kPlan{10_GiB, 3_MiB};
  for (const std::uint64_t i : {0ULL, 1ULL, 1000ULL, 3412ULL}) {
    EXPECT_EQ(offset({i}, 3_MiB), kPlan.offset_of({i}));
  }
}

}  // namespace
}  // namespace mpiferry::plan
