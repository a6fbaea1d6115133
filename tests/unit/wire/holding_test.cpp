// The message that says which chunks a worker sees.
#include <vector>

#include <gtest/gtest.h>

#include "engine/wire/recall.hpp"
#include "tests/unit/wire/bytes.hpp"

namespace mpiferry::wire {
namespace {

ByteVector encoded(const Holding& holding) {
  ByteVector out(kControlPayload.value);
  out.resize(encode(holding, out));
  return out;
}

TEST(Holding, decode_returns_what_encode_wrote) {
  Holding holding{.directory = 3, .runs = {{0, 4, 1000}, {kMaxChunks - 1, 1, 1}}};
  EXPECT_EQ(*decode_holding(encoded(holding)), holding);
  holding.runs.assign(kMostRuns, {7, 1, 1});
  EXPECT_EQ(*decode_holding(encoded(holding)), holding) << "as many as one message holds";
  holding.runs.clear();
  EXPECT_EQ(*decode_holding(encoded(holding)), holding);
}

TEST(Holding, decode_refuses_reserved_bytes) {
  for (std::size_t i = 4; i < kHoldingHead; ++i) {
    ByteVector bytes = encoded({.directory = 3, .runs = {{0, 4, 1000}}});
    bytes[i] = std::byte{1};
    EXPECT_FALSE(decode_holding(bytes)) << i;
  }
}

TEST(Holding, decode_refuses_runs_that_can_not_be) {
  constexpr auto kMost = ~std::uint32_t{0};
  for (const ChunkRun& run : {ChunkRun{0, 0, 1}, ChunkRun{0, 1, 0}, ChunkRun{kMaxChunks, 1, 1},
                              ChunkRun{kMaxChunks - 1, 1, 2}, ChunkRun{~std::uint64_t{0}, 1, 2},
                              ChunkRun{kMaxChunks - 1, kMost, kMost}}) {
    EXPECT_FALSE(decode_holding(encoded({.runs = {run}}))) << run.first;
  }
}

TEST(Holding, decode_refuses_a_part_of_a_run) {
  const ByteVector bytes = encoded({.directory = 3, .runs = {{0, 4, 1000}}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(static_cast<bool>(decode_holding(std::span{bytes}.first(size))), size == kHoldingHead)
        << size;
  }
}

}  // namespace
}  // namespace mpiferry::wire
