// When answers leave together.
#include <cstdint>

#include <gtest/gtest.h>

#include "engine/protocol/receiver.hpp"

namespace mpiferry::protocol {
namespace {

TEST(AckBatch, an_empty_batch_is_never_urgent) {
  for (const std::uint32_t window : {1U, 2U, 4U, 1024U}) {
    const AckBatch batch{window};
    EXPECT_TRUE(batch.empty());
    EXPECT_FALSE(batch.urgent()) << window;
  }
}

TEST(AckBatch, keeps_what_was_added_in_order) {
  AckBatch batch{16};
  batch.add({.chunk = {5}});
  batch.add({.chunk = {2}, .attempt = 1, .status = wire::AckStatus::corrupt});
  ASSERT_EQ(batch.pending().size(), 2U);
  EXPECT_EQ(batch.pending()[0], (wire::Ack{.chunk = {5}}));
  EXPECT_EQ(batch.pending()[1].chunk, ChunkIndex{2});
  EXPECT_FALSE(batch.empty());
}

TEST(AckBatch, is_urgent_from_a_quarter_of_the_window_on) {
  AckBatch batch{16};
  for (std::uint64_t i = 0; i < 3; ++i) batch.add({.chunk = {i}});
  EXPECT_FALSE(batch.urgent());
  batch.add({.chunk = {3}});
  EXPECT_TRUE(batch.urgent());
  batch.add({.chunk = {4}});
  EXPECT_TRUE(batch.urgent());
}

TEST(AckBatch, a_window_too_small_for_quarters_is_answered_one_by_one) {
  for (const std::uint32_t window : {1U, 2U, 3U, 4U, 7U}) {
    AckBatch batch{window};
    batch.add({});
    EXPECT_TRUE(batch.urgent()) << window;
  }
  AckBatch batch{8};
  batch.add({});
  EXPECT_FALSE(batch.urgent());
}

TEST(AckBatch, starts_again_after_it_was_sent) {
  AckBatch batch{4};
  batch.add({});
  batch.clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_FALSE(batch.urgent());
  EXPECT_TRUE(batch.pending().empty());
}

}  // namespace
}  // namespace mpiferry::protocol
