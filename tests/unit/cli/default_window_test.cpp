// The window of a job that names none (docs/decisions/0014, 0016).
#include <cstdint>

#include <gtest/gtest.h>

#include "engine/operations/scatter/options.hpp"

namespace mpiferry {
namespace {

std::uint32_t window(Bytes chunk_size, bool fsync) {
  ScatterOptions options;
  options.chunk_size = chunk_size;
  options.fsync = fsync;
  return options.effective_window();
}

TEST(DefaultWindow, holds_2_MiB_of_small_chunks_and_16_MiB_of_large_ones) {
  EXPECT_EQ(window(1_B, false), 64U);
  EXPECT_EQ(window(32_KiB, false), 64U);
  EXPECT_EQ(window(64_KiB, false), 32U);
  EXPECT_EQ(window(128_KiB, false), 16U);
  EXPECT_EQ(window(256_KiB, false), 8U);
  EXPECT_EQ(window(2_MiB, false), 8U);
  EXPECT_EQ(window(4_MiB, false), 4U);
  EXPECT_EQ(window(16_MiB, false), 2U);
}

TEST(DefaultWindow, holds_more_if_chunks_wait_for_the_disk) {
  EXPECT_EQ(window(64_KiB, true), 64U);
  EXPECT_EQ(window(256_KiB, true), 64U);
  EXPECT_EQ(window(1_MiB, true), 16U);
  EXPECT_EQ(window(4_MiB, true), 8U);
  EXPECT_EQ(window(8_MiB, true), 4U);
  EXPECT_EQ(window(16_MiB, true), 2U);
}

TEST(DefaultWindow, is_two_of_the_largest_if_they_fit_into_memory) {
  EXPECT_EQ(window(64_MiB, true), 2U);
  EXPECT_EQ(window(1_GiB, false), 1U);
}

}  // namespace
}  // namespace mpiferry
