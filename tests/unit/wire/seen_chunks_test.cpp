// The message that says which chunks a worker sees.
#include <vector>

#include <gtest/gtest.h>

#include "engine/wire/retrieval.hpp"
#include "tests/unit/wire/bytes.hpp"

namespace mpiferry::wire {
namespace {

ByteVector encoded(const SeenChunks& seen) {
  ByteVector out(kControlPayload.value);
  out.resize(encode(seen, out));
  return out;
}

TEST(SeenChunks, decode_returns_what_encode_wrote) {
  SeenChunks seen{.directory = 3, .runs = {{0, 4, 1000}, {kMaxChunks - 1, 1, 1}}};
  EXPECT_EQ(*decode_seen_chunks(encoded(seen)), seen);
  seen.runs.assign(kMaxRuns, {7, 1, 1});
  EXPECT_EQ(*decode_seen_chunks(encoded(seen)), seen) << "as many as one message holds";
  seen.runs.clear();
  EXPECT_EQ(*decode_seen_chunks(encoded(seen)), seen);
}

TEST(SeenChunks, decode_refuses_reserved_bytes) {
  for (std::size_t i = 12; i < kSeenChunksHead; ++i) {
    ByteVector bytes = encoded({.directory = 3, .runs = {{0, 4, 1000}}});
    bytes[i] = std::byte{1};
    EXPECT_FALSE(decode_seen_chunks(bytes)) << i;
  }
}

TEST(SeenChunks, decode_refuses_a_part_that_is_none) {
  const SeenChunks seen{.directory = 3, .runs = {{0, 4, 1000}}, .part = {.number = 1, .of = 2}};
  EXPECT_EQ(*decode_seen_chunks(encoded(seen)), seen);
  for (const Part part : {Part{2, 2}, Part{0, 0}, Part{~std::uint32_t{0}, 1}}) {
    EXPECT_FALSE(decode_seen_chunks(encoded({.directory = 3, .runs = {}, .part = part})));
  }
}

TEST(SeenChunks, decode_refuses_runs_that_cannot_be) {
  constexpr auto kMax = ~std::uint32_t{0};
  for (const ChunkRun& run : {ChunkRun{0, 0, 1}, ChunkRun{0, 1, 0}, ChunkRun{kMaxChunks, 1, 1},
                              ChunkRun{kMaxChunks - 1, 1, 2}, ChunkRun{~std::uint64_t{0}, 1, 2},
                              ChunkRun{kMaxChunks - 1, kMax, kMax}}) {
    EXPECT_FALSE(decode_seen_chunks(encoded({.runs = {run}}))) << run.first;
  }
}

TEST(SeenChunks, decode_refuses_a_part_of_a_run) {
  const ByteVector bytes = encoded({.directory = 3, .runs = {{0, 4, 1000}}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(static_cast<bool>(decode_seen_chunks(std::span{bytes}.first(size))),
              size == kSeenChunksHead)
        << size;
  }
}

}  // namespace
}  // namespace mpiferry::wire
