#include "engine/base/units.hpp"

#include <climits>
#include <type_traits>

#include <gtest/gtest.h>

#include "engine/base/buffer_pool.hpp"

namespace mpiferry {
namespace {

TEST(Units, literals_count_in_powers_of_1024) {
  EXPECT_EQ((3_B).value, 3U);
  EXPECT_EQ((3_KiB).value, 3072U);
  EXPECT_EQ((3_MiB).value, 3145728U);
  EXPECT_EQ((5_GiB).value, 5368709120U);
}

TEST(Units, bytes_add_subtract_and_compare) {
  Bytes bytes = 1_KiB + 24_B;
  EXPECT_EQ(bytes, 1048_B);
  bytes += 2_B;
  EXPECT_EQ(bytes - 1_KiB, 26_B);
  EXPECT_LT(1_KiB, bytes);
}

TEST(Units, do_not_convert_into_each_other) {
  EXPECT_FALSE((std::is_convertible_v<Bytes, ChunkIndex>));
  EXPECT_FALSE((std::is_convertible_v<ChunkIndex, Bytes>));
  EXPECT_FALSE((std::is_convertible_v<int, Rank>));
  EXPECT_FALSE((std::is_convertible_v<Rank, int>));
}

TEST(Units, rank_is_no_rank_until_it_is_set) {
  EXPECT_EQ(Rank{}, kNoRank);
  EXPECT_NE(kMaster, kNoRank);
  EXPECT_LT(kMaster, Rank{1});
}

TEST(Units, the_largest_message_fits_an_mpi_count) {
  EXPECT_LE(kMaxChunkSize.value + kHeaderSize, static_cast<std::uint64_t>(INT_MAX));
}

}  // namespace
}  // namespace mpiferry
