#include "engine/plan/distribution.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace mpiferry::plan {
namespace {

// A contract with every destination that was ever written.
TEST(Distribution, deals_chunks_round_robin_to_1_to_5_workers) {
  for (std::uint32_t workers = 1; workers <= 5; ++workers) {
    const auto distribution = Distribution::round_robin(workers);
    for (std::uint64_t i = 0; i < 23; ++i) {
      EXPECT_EQ(distribution.worker_of({i}), Rank{static_cast<int>(i % workers + 1)});
    }
  }
}

TEST(Distribution, never_deals_to_the_master_or_to_a_rank_that_is_not_there) {
  for (std::uint32_t workers = 1; workers <= 5; ++workers) {
    for (std::uint64_t i = 0; i < 20; ++i) {
      const Rank worker = Distribution::round_robin(workers).worker_of({i});
      EXPECT_GT(worker, kMaster);
      EXPECT_LE(worker, Rank{static_cast<int>(workers)});
    }
  }
}

TEST(Distribution, deals_chunks_whose_number_has_more_than_32_bits) {
  constexpr ChunkIndex kChunk{std::uint64_t{1} << 40U};
  EXPECT_EQ(Distribution::round_robin(5).worker_of(kChunk), Rank{2});  // 2^40 % 5 = 1
}

TEST(Distribution, finds_a_chunk_by_its_worker_and_position) {
  for (std::uint32_t workers = 1; workers <= 5; ++workers) {
    const auto distribution = Distribution::round_robin(workers);
    for (std::uint64_t i = 0; i < 23; ++i) {
      const ChunkIndex chunk{i};
      EXPECT_EQ(
          distribution.chunk_of(distribution.worker_of(chunk), distribution.position_of(chunk)),
          chunk);
    }
  }
}

TEST(Distribution, counts_the_chunks_and_bytes_of_each_worker) {
  for (std::uint32_t workers = 1; workers <= 5; ++workers) {
    const auto distribution = Distribution::round_robin(workers);
    for (std::uint64_t size = 0; size <= 30; ++size) {
      const ChunkPlan plan{Bytes{size}, 3_B};
      std::vector<std::uint64_t> chunks(workers + 1, 0);
      std::vector<Bytes> bytes(workers + 1);
      for (std::uint64_t i = 0; i < plan.chunks(); ++i) {
        const auto worker = static_cast<std::size_t>(distribution.worker_of({i}).value);
        ++chunks[worker];
        bytes[worker] += plan.length_of({i});
      }
      for (std::uint32_t rank = 1; rank <= workers; ++rank) {
        const Rank worker{static_cast<int>(rank)};
        EXPECT_EQ(distribution.chunks_of(worker, plan), chunks[rank])
            << size << " bytes, worker " << rank << " of " << workers;
        EXPECT_EQ(distribution.bytes_of(worker, plan), bytes[rank])
            << size << " bytes, worker " << rank << " of " << workers;
      }
    }
  }
}

TEST(Distribution, counts_the_bytes_of_a_worker_beyond_4_gib) {
  constexpr ChunkPlan kLarge{12_GiB + 1_B, 1_GiB};  // 13 chunks, the last of 1 byte
  constexpr auto kTwo = Distribution::round_robin(2);
  EXPECT_EQ(kTwo.bytes_of(Rank{1}, kLarge), 6_GiB + 1_B);
  EXPECT_EQ(kTwo.bytes_of(Rank{2}, kLarge), 6_GiB);
}

}  // namespace
}  // namespace mpiferry::plan
