// Thousands of gathers, each played in a random order of events from its seed, against a model that
// knows nothing but the rules: window, buffers, order, every holder once, done at the end.
#include <algorithm>
#include <cstdint>
#include <random>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "engine/protocol/fetcher.hpp"

namespace mpiferry::protocol {
namespace {

constexpr std::uint64_t kSeeds = 5000;
constexpr Time kNow{};

struct Asked {  // a chunk, as the world knows it
  Rank from;
  std::uint32_t attempt = 0;
  bool open = true;  // no answer yet
  bool in_hand = false;
  bool over = false;  // stored or lost
  std::uint32_t damaged = 0;
  std::uint32_t holders = 0;  // that turned out not to have it
};

class Play {
 public:
  explicit Play(std::uint64_t seed) : random_(seed) {
    config_ = {.chunks = below(40),
               .ranks = static_cast<std::uint32_t>(1 + below(5)),
               .window = static_cast<std::uint32_t>(1 + below(6)),
               .buffers = 1 + below(8),
               .retries = static_cast<std::uint32_t>(below(4)),
               .stall_timeout = {},
               .holder = [this](ChunkIndex chunk, std::uint32_t n) -> std::optional<Rank> {
                 const std::vector<int>& all = holders_[chunk.value];
                 return n < all.size() ? std::optional{Rank{all[n]}} : std::nullopt;
               }};
    for (std::uint64_t chunk = 0; chunk < config_.chunks; ++chunk) {
      std::vector<int> all;
      for (int rank = 0; rank < static_cast<int>(config_.ranks); ++rank) {
        if (below(3) != 0) all.push_back(rank);
      }
      std::ranges::shuffle(all, random_);
      holders_.push_back(std::move(all));
    }
  }

  void run() {
    Fetcher fetcher{config_};
    for (int events = 0; events < 10'000; ++events) {
      const FetchAction action = fetcher.next();
      if (std::holds_alternative<Done>(action)) return finish(fetcher);
      if (!step(fetcher, action)) return;
      check(fetcher);
      if (::testing::Test::HasFailure()) return;
    }
    ADD_FAILURE() << "the gather never ends";
  }

 private:
  std::uint64_t below(std::uint64_t n) {
    return std::uniform_int_distribution<std::uint64_t>{0, n - 1}(random_);
  }
  template <class Rule>
  std::vector<std::uint64_t> those(Rule rule) const {
    std::vector<std::uint64_t> out;
    for (std::uint64_t i = 0; i < asked_.size(); ++i) {
      if (rule(asked_[i])) out.push_back(i);
    }
    return out;
  }

  // Plays one random event out of those that the world allows now; returns false if the gather is
  // stuck.
  bool step(Fetcher& fetcher, const FetchAction& action) {
    if (below(4) == 0) noise(fetcher);
    const auto open = those([](const Asked& it) { return it.open; });
    const auto in_hand = those([](const Asked& it) { return it.in_hand; });
    const bool moves = !std::holds_alternative<Wait>(action);
    const std::uint64_t choices = open.size() + in_hand.size() + (moves ? 1U : 0U);
    if (choices == 0) {
      ADD_FAILURE() << "stuck: Wait, but nothing is under way";
      return false;
    }
    const std::uint64_t pick = below(choices);
    if (pick < open.size()) {
      answer(fetcher, open[pick]);
    } else if (pick < open.size() + in_hand.size()) {
      const std::uint64_t chunk = in_hand[pick - open.size()];
      asked_[chunk].in_hand = false;
      asked_[chunk].over = true;
      fetcher.on_stored({chunk});
      ++done_;
    } else {
      move(fetcher, action);
    }
    return true;
  }

  void move(Fetcher& fetcher, const FetchAction& action) {
    if (const auto* missing = std::get_if<Missing>(&action)) {
      ASSERT_EQ(missing->chunk.value, asked_.size()) << "in order";
      ASSERT_TRUE(holders_[missing->chunk.value].empty());
      asked_.push_back({.from = kNoRank, .open = false, .over = true});
      fetcher.on_missing(missing->chunk);
      ++lost_;
      return;
    }
    const Fetch fetch = std::get<Fetch>(action);
    if (fetch.attempt == 0) {
      ASSERT_EQ(fetch.chunk.value, asked_.size()) << "in order";
      asked_.push_back({.from = fetch.from});
    } else {
      ASSERT_LT(fetch.chunk.value, asked_.size());
      Asked& it = asked_[fetch.chunk.value];
      ASSERT_TRUE(!it.open && !it.in_hand && !it.over);
      EXPECT_EQ(fetch.attempt, it.attempt + 1);
      it.attempt = fetch.attempt;
      it.from = fetch.from;
      it.open = true;
    }
    const Asked& it = asked_[fetch.chunk.value];
    EXPECT_EQ(fetch.from.value, holders_[fetch.chunk.value][it.holders]) << "whose turn it is";
    fetcher.on_requested(fetch, kNow);
  }

  void answer(Fetcher& fetcher, std::uint64_t chunk) {
    Asked& it = asked_[chunk];
    it.open = false;
    const auto deliver = [&](Arrival arrival) {
      return fetcher.on_arrival(it.from, {chunk}, it.attempt, arrival, kNow);
    };
    const std::uint64_t fate = below(4);
    if (fate == 0 && it.damaged < config_.retries) {
      ++it.damaged;
      ++corrupt_;
      EXPECT_EQ(deliver(Arrival::damaged), FetchEffect::again);
    } else if (fate == 1) {
      const bool last = ++it.holders == holders_[chunk].size();
      it.over = last;
      lost_ += last ? 1U : 0U;
      EXPECT_EQ(deliver(Arrival::unavailable), last ? FetchEffect::lost : FetchEffect::again);
    } else {
      it.in_hand = true;
      EXPECT_EQ(deliver(Arrival::good), FetchEffect::accepted);
    }
  }

  // What a confused peer may say at any time changes nothing.
  void noise(Fetcher& fetcher) {
    const std::uint64_t chunk = below(config_.chunks + 2);
    const Rank from{static_cast<int>(below(config_.ranks + 2)) - 1};
    if (chunk < asked_.size()) {
      const Asked& it = asked_[chunk];
      const auto attempt = static_cast<std::uint32_t>(below(4));
      if (it.open && attempt == it.attempt && from == it.from) return;  // that is no noise
      const auto effect = fetcher.on_arrival(from, {chunk}, attempt, Arrival::good, kNow);
      EXPECT_TRUE(effect == FetchEffect::stale || effect == FetchEffect::invalid);
      return;
    }
    EXPECT_EQ(fetcher.on_arrival(from, {chunk}, 0, Arrival::good, kNow), FetchEffect::invalid);
  }

  void check(const Fetcher& fetcher) const {
    std::vector<std::uint32_t> open(config_.ranks);
    std::size_t remote = 0;
    std::size_t flights = 0;
    for (const Asked& it : asked_) {
      flights += it.over ? 0U : 1U;
      if (!it.open) continue;
      ++open[static_cast<std::size_t>(it.from.value)];
      remote += it.from == kMaster ? 0U : 1U;
    }
    EXPECT_LE(*std::ranges::max_element(open), config_.window);
    EXPECT_LE(flights, config_.buffers);
    EXPECT_EQ(fetcher.in_flight(), flights);
    EXPECT_EQ(fetcher.open_requests(), remote);
    EXPECT_EQ(fetcher.chunks_corrupt(), corrupt_);
    EXPECT_EQ(fetcher.chunks_lost(), lost_);
    EXPECT_EQ(fetcher.chunks_done(), done_);
  }

  void finish(const Fetcher& fetcher) const {
    EXPECT_EQ(asked_.size(), config_.chunks);
    EXPECT_EQ(fetcher.chunks_done() + fetcher.chunks_lost(), config_.chunks);
    EXPECT_TRUE(std::ranges::all_of(asked_, &Asked::over));
  }

  std::mt19937_64 random_;
  FetcherConfig config_;
  std::vector<std::vector<int>> holders_;  // by chunk, in the order of asking
  std::vector<Asked> asked_;
  std::uint64_t done_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t corrupt_ = 0;
};

TEST(FetcherRandom, keeps_the_rules_whatever_happens) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Play{seed}.run();
    if (HasFailure()) {
      FAIL() << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace mpiferry::protocol
