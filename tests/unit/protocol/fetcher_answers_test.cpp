// Which answers to a request a fetcher believes.
#include <gtest/gtest.h>

#include "engine/protocol/fetcher.hpp"

namespace mpiferry::protocol {
namespace {

constexpr Time kStart{};

// One chunk, which rank 1 has and was asked for.
Fetcher asked(std::uint32_t retries) {
  Fetcher fetcher{{.chunks = 1,
                   .ranks = 2,
                   .window = 1,
                   .buffers = 1,
                   .retries = retries,
                   .holder = [](ChunkIndex, std::uint32_t n) {
                     return n == 0 ? std::optional{Rank{1}} : std::nullopt;
                   }}};
  fetcher.on_requested(std::get<Fetch>(fetcher.next()), kStart);
  return fetcher;
}

FetchEffect arrive(Fetcher& fetcher, std::uint32_t attempt, Arrival arrival) {
  return fetcher.on_arrival(Rank{1}, ChunkIndex{0}, attempt, arrival, kStart);
}

TEST(Fetcher, ignores_a_second_answer_to_the_last_attempt) {
  for (const Arrival second : {Arrival::damaged, Arrival::good, Arrival::unavailable}) {
    Fetcher fetcher = asked(0);
    ASSERT_EQ(arrive(fetcher, 0, Arrival::damaged), FetchEffect::exhausted);
    EXPECT_EQ(arrive(fetcher, 0, second), FetchEffect::stale);
    EXPECT_EQ(fetcher.open_requests(), 0U);
    EXPECT_EQ(fetcher.chunks_corrupt(), 1U);
    EXPECT_EQ(fetcher.chunks_lost(), 1U);
  }
}

TEST(Fetcher, ignores_a_second_answer_before_the_chunk_is_asked_for_again) {
  Fetcher fetcher = asked(1);
  ASSERT_EQ(arrive(fetcher, 0, Arrival::damaged), FetchEffect::again);
  EXPECT_EQ(arrive(fetcher, 0, Arrival::good), FetchEffect::stale);
  EXPECT_EQ(fetcher.next(), FetchAction(Fetch{ChunkIndex{0}, Rank{1}, 1}));
}

TEST(Fetcher, believes_no_attempt_that_was_not_made) {
  Fetcher fetcher = asked(3);
  EXPECT_EQ(arrive(fetcher, 1, Arrival::good), FetchEffect::invalid);
  EXPECT_EQ(arrive(fetcher, 0, Arrival::good), FetchEffect::accepted);
  EXPECT_EQ(arrive(fetcher, 0, Arrival::good), FetchEffect::stale);
  fetcher.on_stored(ChunkIndex{0});
  EXPECT_EQ(fetcher.next(), FetchAction(Done{}));
}

}  // namespace
}  // namespace mpiferry::protocol
