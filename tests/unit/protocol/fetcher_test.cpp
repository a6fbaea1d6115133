#include "engine/protocol/fetcher.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace mpiferry::protocol {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{};
using Holders = std::map<std::uint64_t, std::vector<int>>;

// Chunk i lies with rank i % ranks, unless `holders` says otherwise.
Fetcher fetcher(FetcherConfig config, Holders holders = {}) {
  config.holder = [ranks = config.ranks, holders = std::move(holders)](
                      ChunkIndex chunk, std::uint32_t n) -> std::optional<Rank> {
    const auto found = holders.find(chunk.value);
    if (found == holders.end()) {
      return n == 0 ? std::optional{Rank{static_cast<int>(chunk.value % ranks)}} : std::nullopt;
    }
    return n < found->second.size() ? std::optional{Rank{found->second[n]}} : std::nullopt;
  };
  return Fetcher{std::move(config)};
}

void expect_fetch(Fetcher& it, std::uint64_t chunk, int from, std::uint32_t attempt = 0,
                  Time now = kNow) {
  const FetchAction action = it.next();
  const auto* fetch = std::get_if<Fetch>(&action);
  ASSERT_NE(fetch, nullptr) << "chunk " << chunk;
  EXPECT_EQ(*fetch, (Fetch{{chunk}, Rank{from}, attempt}));
  it.on_requested(*fetch, now);
}

bool waits(const Fetcher& it) { return std::holds_alternative<Wait>(it.next()); }
bool done(const Fetcher& it) { return std::holds_alternative<Done>(it.next()); }

FetchEffect arrive(Fetcher& it, int from, std::uint64_t chunk, Arrival arrival = Arrival::good,
                   std::uint32_t attempt = 0, Time now = kNow) {
  return it.on_arrival(Rank{from}, {chunk}, attempt, arrival, now);
}

TEST(Fetcher, has_nothing_to_do_without_chunks) { EXPECT_TRUE(done(fetcher({.chunks = 0}))); }

TEST(Fetcher, asks_in_order_and_is_done_when_all_is_stored) {
  Fetcher it = fetcher({.chunks = 3, .ranks = 2, .window = 4, .buffers = 4});
  expect_fetch(it, 0, 0);
  expect_fetch(it, 1, 1);
  expect_fetch(it, 2, 0);
  EXPECT_TRUE(waits(it));
  EXPECT_EQ(it.open_requests(), 1U) << "rank 0 needs no message";
  for (const std::uint64_t chunk : {2U, 0U, 1U}) {
    EXPECT_EQ(arrive(it, static_cast<int>(chunk % 2), chunk), FetchEffect::accepted);
  }
  EXPECT_EQ(it.open_requests(), 0U);
  EXPECT_TRUE(waits(it)) << "they are still in hand";
  for (const std::uint64_t chunk : {0U, 1U, 2U}) it.on_stored({chunk});
  EXPECT_TRUE(done(it));
  EXPECT_EQ(it.chunks_done(), 3U);
  EXPECT_EQ(it.chunks_again(), 0U);
  EXPECT_EQ(it.peak_in_flight(), 2U);
}

TEST(Fetcher, never_asks_one_rank_for_more_than_its_window) {
  Fetcher it = fetcher({.chunks = 10, .ranks = 1, .window = 2, .buffers = 10});
  expect_fetch(it, 0, 0);
  expect_fetch(it, 1, 0);
  EXPECT_TRUE(waits(it));
  EXPECT_EQ(arrive(it, 0, 1), FetchEffect::accepted);
  expect_fetch(it, 2, 0);
  EXPECT_TRUE(waits(it));
}

TEST(Fetcher, a_chunk_in_hand_keeps_its_buffer) {
  Fetcher it = fetcher({.chunks = 10, .ranks = 2, .window = 8, .buffers = 2});
  expect_fetch(it, 0, 0);
  expect_fetch(it, 1, 1);
  EXPECT_EQ(arrive(it, 0, 0), FetchEffect::accepted);
  EXPECT_TRUE(waits(it));
  it.on_stored({0});
  expect_fetch(it, 2, 0);
  EXPECT_EQ(it.in_flight(), 2U);
}

TEST(Fetcher, a_damaged_chunk_is_asked_of_the_same_rank_before_all_others) {
  Fetcher it = fetcher({.chunks = 4, .ranks = 2, .window = 2, .buffers = 4, .retries = 1});
  expect_fetch(it, 0, 0);
  expect_fetch(it, 1, 1);
  EXPECT_EQ(arrive(it, 1, 1, Arrival::damaged), FetchEffect::again);
  EXPECT_EQ(it.open_requests(), 0U);
  expect_fetch(it, 1, 1, 1);
  expect_fetch(it, 2, 0);
  EXPECT_EQ(arrive(it, 1, 1, Arrival::good, 1), FetchEffect::accepted);
  EXPECT_EQ(it.chunks_corrupt(), 1U);
  EXPECT_EQ(it.chunks_again(), 1U);
}

TEST(Fetcher, a_chunk_that_is_damaged_too_often_is_exhausted_and_forgotten) {
  Fetcher it =
      fetcher({.chunks = 1, .ranks = 2, .window = 2, .buffers = 2, .retries = 1}, {{0, {1}}});
  expect_fetch(it, 0, 1);
  EXPECT_EQ(arrive(it, 1, 0, Arrival::damaged), FetchEffect::again);
  expect_fetch(it, 0, 1, 1);
  EXPECT_EQ(arrive(it, 1, 0, Arrival::damaged, 1), FetchEffect::exhausted);
  EXPECT_EQ(arrive(it, 1, 0, Arrival::damaged, 1), FetchEffect::stale) << "once is enough";
  EXPECT_EQ(it.open_requests(), 0U);
  EXPECT_EQ(it.chunks_lost(), 1U);
}

TEST(Fetcher, asks_every_holder_once_before_a_chunk_is_lost) {
  Fetcher it = fetcher({.chunks = 1, .ranks = 4, .window = 1, .buffers = 1}, {{0, {2, 3, 1}}});
  expect_fetch(it, 0, 2);
  EXPECT_EQ(arrive(it, 2, 0, Arrival::unavailable), FetchEffect::again);
  expect_fetch(it, 0, 3, 1);
  EXPECT_EQ(arrive(it, 3, 0, Arrival::unavailable, 1), FetchEffect::again);
  expect_fetch(it, 0, 1, 2);
  EXPECT_EQ(arrive(it, 1, 0, Arrival::unavailable, 2), FetchEffect::lost);
  EXPECT_TRUE(done(it));
  EXPECT_EQ(it.chunks_lost(), 1U);
  EXPECT_EQ(it.chunks_done(), 0U);
}

TEST(Fetcher, damage_on_the_way_is_counted_over_all_holders) {
  Fetcher it =
      fetcher({.chunks = 1, .ranks = 3, .window = 1, .buffers = 1, .retries = 1}, {{0, {1, 2}}});
  expect_fetch(it, 0, 1);
  EXPECT_EQ(arrive(it, 1, 0, Arrival::damaged), FetchEffect::again);
  expect_fetch(it, 0, 1, 1);
  EXPECT_EQ(arrive(it, 1, 0, Arrival::unavailable, 1), FetchEffect::again);
  expect_fetch(it, 0, 2, 2);
  EXPECT_EQ(arrive(it, 2, 0, Arrival::damaged, 2), FetchEffect::exhausted);
}

TEST(Fetcher, a_chunk_that_nobody_has_is_missing_in_its_turn) {
  Fetcher it = fetcher({.chunks = 3, .ranks = 1, .window = 4, .buffers = 4}, {{1, {}}});
  expect_fetch(it, 0, 0);
  const FetchAction action = it.next();
  const auto* missing = std::get_if<Missing>(&action);
  ASSERT_NE(missing, nullptr);
  EXPECT_EQ(missing->chunk, ChunkIndex{1});
  it.on_missing({1});
  expect_fetch(it, 2, 0);
  EXPECT_EQ(it.chunks_lost(), 1U);
  EXPECT_EQ(arrive(it, 0, 1), FetchEffect::stale);
}

TEST(Fetcher, an_answer_that_nobody_asked_for_is_invalid) {
  Fetcher it = fetcher({.chunks = 2, .ranks = 3, .window = 1, .buffers = 1}, {{0, {1}}});
  EXPECT_EQ(arrive(it, 1, 0), FetchEffect::invalid) << "not yet";
  expect_fetch(it, 0, 1);
  EXPECT_EQ(arrive(it, 2, 0), FetchEffect::invalid) << "another rank";
  EXPECT_EQ(arrive(it, 1, 1), FetchEffect::invalid) << "another chunk";
  EXPECT_EQ(arrive(it, 1, 0, Arrival::good, 1), FetchEffect::invalid) << "an attempt to come";
  EXPECT_EQ(arrive(it, 3, 0), FetchEffect::invalid) << "no such rank";
  EXPECT_EQ(arrive(it, -1, 0), FetchEffect::invalid) << "no rank";
  EXPECT_EQ(it.open_requests(), 1U);
  EXPECT_EQ(arrive(it, 1, 0), FetchEffect::accepted);
}

TEST(Fetcher, a_second_answer_is_stale) {
  Fetcher it = fetcher({.chunks = 1, .ranks = 2, .window = 2, .buffers = 1}, {{0, {1}}});
  expect_fetch(it, 0, 1);
  EXPECT_EQ(arrive(it, 1, 0, Arrival::damaged), FetchEffect::again);
  EXPECT_EQ(arrive(it, 1, 0), FetchEffect::stale) << "it is not asked for yet";
  expect_fetch(it, 0, 1, 1);
  EXPECT_EQ(arrive(it, 1, 0), FetchEffect::stale) << "an older attempt";
  EXPECT_EQ(arrive(it, 1, 0, Arrival::good, 1), FetchEffect::accepted);
  EXPECT_EQ(arrive(it, 1, 0, Arrival::good, 1), FetchEffect::stale) << "it is in hand";
  it.on_stored({0});
  EXPECT_EQ(arrive(it, 1, 0, Arrival::good, 1), FetchEffect::stale) << "it is stored";
  EXPECT_EQ(it.open_requests(), 0U);
}

TEST(Fetcher, a_rank_that_owes_an_answer_stalls_and_the_longest_silence_counts) {
  Fetcher it = fetcher({.chunks = 6, .ranks = 3, .window = 2, .buffers = 6, .stall_timeout = 10s},
                       {{0, {1}}, {1, {2}}, {2, {1}}});
  expect_fetch(it, 0, 1);
  expect_fetch(it, 1, 2, 0, kNow + 1s);
  expect_fetch(it, 2, 1, 0, kNow + 5s);  // the clock of rank 1 runs already
  EXPECT_FALSE(it.stalled(kNow + 10s));
  const auto stall = it.stalled(kNow + 12s);
  ASSERT_TRUE(stall);
  EXPECT_EQ(stall->worker, Rank{1});
  EXPECT_EQ(stall->unacknowledged, 2U);
  EXPECT_EQ(stall->silent, 12s);
  EXPECT_EQ(arrive(it, 1, 0, Arrival::good, 0, kNow + 12s), FetchEffect::accepted);
  EXPECT_EQ(it.stalled(kNow + 12s)->worker, Rank{2});
}

TEST(Fetcher, neither_the_master_nor_one_that_owes_nothing_stalls) {
  Fetcher it = fetcher({.chunks = 2, .ranks = 2, .window = 2, .buffers = 6, .stall_timeout = 1s});
  expect_fetch(it, 0, 0);
  EXPECT_FALSE(it.stalled(kNow + 1h));
  expect_fetch(it, 1, 1);
  EXPECT_TRUE(it.stalled(kNow + 1h));
  EXPECT_EQ(arrive(it, 1, 1), FetchEffect::accepted);
  EXPECT_FALSE(it.stalled(kNow + 1h));
}

TEST(Fetcher, without_a_stall_timeout_nobody_stalls) {
  Fetcher it = fetcher({.chunks = 1, .ranks = 2, .window = 1, .buffers = 1}, {{0, {1}}});
  expect_fetch(it, 0, 1);
  EXPECT_FALSE(it.stalled(kNow + 1000h));
}

}  // namespace
}  // namespace mpiferry::protocol
