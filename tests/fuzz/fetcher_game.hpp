// Chunks brought back as the master sees it: peers that say anything of what they hold and answer
// anything, against a model that knows only who said what, what was asked and what was answered.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "engine/plan/chunk_locations.hpp"
#include "engine/protocol/fetcher.hpp"
#include "tests/fuzz/feed.hpp"
#include "tests/fuzz/target.hpp"

namespace mpiferry::fuzz {

class FetcherGame {
 public:
  explicit FetcherGame(Feed& feed)
      : feed_(feed),
        protected_source_(feed.flag()),
        config_(config(feed)),
        directories_(static_cast<std::uint32_t>(1 + feed.below(3))),
        locations_(config_.ranks, protected_source_) {
    receive_seen_chunks();
    config_.holder = [this](ChunkIndex chunk, std::uint32_t n) {
      return locations_.holder(chunk, directory_of(chunk), n);
    };
  }

  void play() {
    check_holders();
    protocol::Fetcher fetcher{config_};
    for (int step = 0; step < kSteps && !feed_.empty(); ++step) {
      now_ += std::chrono::milliseconds{feed_.byte()};
      switch (feed_.below(6)) {
        case 0:
        case 1:
          act(fetcher);
          break;
        case 2:
          store(fetcher);
          break;
        case 3:
        case 4:
          answer(fetcher);
          break;
        default:
          receive(fetcher, Rank{static_cast<std::int8_t>(feed_.byte())}, ChunkIndex{feed_.number()},
                  static_cast<std::uint32_t>(feed_.number()));
      }
      check(fetcher);
    }
    check_holders();
  }

 private:
  static constexpr int kSteps = 400;  // the check looks at every chunk
  enum class State : std::uint8_t { open, waits, in_hand, done, lost };
  struct Asked {
    Rank from;
    std::uint32_t attempt = 0;
    std::uint32_t unavailable = 0;
    std::uint32_t damaged = 0;
    State state = State::open;
  };

  static protocol::FetcherConfig config(Feed& feed) {
    return {.chunks = feed.below(24),
            .ranks = static_cast<std::uint32_t>(1 + feed.below(5)),
            .window = static_cast<std::uint32_t>(1 + feed.below(4)),
            .buffers = 1 + feed.below(8),
            .retries = static_cast<std::uint32_t>(feed.below(3)),
            .stall_timeout = std::chrono::milliseconds{feed.byte()},
            .holder = {}};
  }

  std::uint32_t directory_of(ChunkIndex chunk) const {
    return static_cast<std::uint32_t>(chunk.value % directories_);
  }

  // Whatever wire::decode_seen_chunks lets through.
  void receive_seen_chunks() {
    std::map<int, std::uint32_t> last;  // directory that a rank spoke of
    for (std::size_t left = feed_.below(16); left > 0; --left) {
      const Rank from{static_cast<int>(feed_.below(config_.ranks))};
      wire::SeenChunks seen{.directory = static_cast<std::uint32_t>(feed_.below(4)), .runs = {}};
      for (std::size_t runs = feed_.below(4); runs > 0; --runs) {
        const wire::ChunkRun run{feed_.number() % kMaxChunks,
                                 static_cast<std::uint32_t>(feed_.number() | 1U),
                                 static_cast<std::uint32_t>(feed_.number() | 1U)};
        if (run.last() < kMaxChunks) seen.runs.push_back(run);
      }
      const bool in_turn = last[from.value] <= seen.directory;
      const bool added = locations_.add(from, seen, config_.chunks);
      if (in_turn) last[from.value] = seen.directory;
      require(added == (in_turn && ascends(from, seen)), "only what can be is believed");
      if (!added) continue;
      for (const wire::ChunkRun& run : seen.runs) {
        for (std::uint64_t i = 0; i < run.count; ++i) {
          said_[{seen.directory, run.first + i * run.stride}].insert(from);
        }
      }
    }
  }

  // Behind what this rank has said of this directory, and within the file.
  bool ascends(Rank from, const wire::SeenChunks& seen) const {
    std::uint64_t next = 0;
    for (const auto& [what, ranks] : said_) {
      if (what.first == seen.directory && ranks.contains(from)) next = what.second + 1;
    }
    for (const wire::ChunkRun& run : seen.runs) {
      if (run.first < next || run.last() >= config_.chunks) return false;
      next = run.last() + 1;
    }
    return true;
  }

  std::vector<Rank> holders(ChunkIndex chunk, std::uint32_t directory) const {
    std::vector<Rank> ranks;
    for (std::uint32_t n = 0; n <= config_.ranks; ++n) {
      const auto rank = locations_.holder(chunk, directory, n);
      if (!rank) break;
      ranks.push_back(*rank);
    }
    return ranks;
  }

  void check_holders() {
    for (std::uint64_t i = 0; i < config_.chunks + 2; ++i) {
      for (std::uint32_t directory = 0; directory < 4; ++directory) {
        std::vector<Rank> ranks = holders(ChunkIndex{i}, directory);
        const auto [order, is_new] = orders_.try_emplace({directory, i}, ranks);
        require(is_new || order->second == ranks, "an order stays as it is");
        if (ranks.empty() && !said_.contains({directory, i})) continue;
        const std::set<Rank>& said = said_[{directory, i}];
        const std::size_t sharing = config_.ranks > 1 && protected_source_ ? 1 : 0;
        require(sharing == 0 || !said.contains(kMaster) || ranks.back() == kMaster,
                "the master comes last if it is to be protected");
        std::ranges::sort(ranks);
        require(std::ranges::equal(ranks, said), "everyone who sees a chunk is named once");
      }
    }
  }

  // What the master does when next() says so.
  void act(protocol::Fetcher& fetcher) {
    const protocol::FetchAction action = fetcher.next();
    if (const auto* missing = std::get_if<protocol::Missing>(&action)) {
      require(missing->chunk.value == asked_.size(), "chunks are asked for in order");
      require(holders(missing->chunk, directory_of(missing->chunk)).empty(), "nobody has it");
      fetcher.on_missing(missing->chunk);
      asked_.push_back({.from = kNoRank, .state = State::lost});
      return;
    }
    const auto* fetch = std::get_if<protocol::Fetch>(&action);
    if (fetch == nullptr) return;
    const auto waits = std::ranges::find(asked_, State::waits, &Asked::state);
    if (fetch->attempt == 0) {
      require(fetch->chunk.value == asked_.size(), "chunks are asked for in order");
      require(waits == asked_.end(), "what failed comes before what is new");
      require(config_.holder(fetch->chunk, 0) == fetch->from, "the first who can be asked is");
      asked_.push_back({.from = fetch->from});
    } else {
      require(waits != asked_.end() &&
                  fetch->chunk.value == static_cast<std::uint64_t>(waits - asked_.begin()),
              "the first that waits is asked for again");
      require(fetch->attempt == waits->attempt + 1, "one attempt after the other");
      require(fetch->from == waits->from, "of the same rank, or of the next one that has it");
      waits->attempt = fetch->attempt;
      waits->state = State::open;
      ++again_;
    }
    std::uint32_t& open = open_[fetch->from];
    if (open++ == 0) heard_[fetch->from] = now_;
    require(open <= config_.window, "no rank has more requests than the window");
    peak_ = std::max(peak_, open);
    fetcher.on_requested(*fetch, now_);
  }

  void store(protocol::Fetcher& fetcher) {
    const std::size_t first = feed_.byte();
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      const std::size_t at = (first + i) % asked_.size();
      if (asked_[at].state != State::in_hand) continue;
      asked_[at].state = State::done;
      return fetcher.on_stored(ChunkIndex{at});
    }
  }

  // By whom it was asked, be it late or twice.
  void answer(protocol::Fetcher& fetcher) {
    if (asked_.empty()) return;
    const std::size_t at = feed_.byte() % asked_.size();
    receive(fetcher, asked_[at].from, ChunkIndex{at}, asked_[at].attempt);
  }

  void receive(protocol::Fetcher& fetcher, Rank from, ChunkIndex chunk, std::uint32_t attempt) {
    const auto arrival = static_cast<protocol::Arrival>(feed_.below(3));
    const protocol::FetchAction before = fetcher.next();
    const protocol::FetchEffect effect = fetcher.on_arrival(from, chunk, attempt, arrival, now_);
    Asked* asked = chunk.value < asked_.size() ? &asked_[chunk.value] : nullptr;
    if (asked == nullptr || asked->state != State::open || asked->from != from ||
        asked->attempt != attempt) {
      require(effect == protocol::FetchEffect::stale || effect == protocol::FetchEffect::invalid,
              "only the first answer to a request counts, and only of who was asked");
      require(asked != nullptr || effect == protocol::FetchEffect::invalid,
              "what nobody was asked for is invalid");
      return require(fetcher.next() == before, "what is not believed changes nothing");
    }
    --open_[from];
    heard_[from] = now_;
    switch (arrival) {
      case protocol::Arrival::good:
        asked->state = State::in_hand;
        return require(effect == protocol::FetchEffect::accepted, "what is good is accepted");
      case protocol::Arrival::damaged:
        ++corrupt_;
        asked->state = asked->damaged++ < config_.retries ? State::waits : State::lost;
        return require(effect == (asked->state == State::waits ? protocol::FetchEffect::again
                                                               : protocol::FetchEffect::exhausted),
                       "damage is asked for again while there are retries");
      case protocol::Arrival::unavailable: {
        const auto ranks = holders(chunk, directory_of(chunk));
        const bool more = ++asked->unavailable < ranks.size();
        if (more) asked->from = ranks[asked->unavailable];
        asked->state = more ? State::waits : State::lost;
        return require(
            effect == (more ? protocol::FetchEffect::again : protocol::FetchEffect::lost),
            "nothing is lost before everyone who has it was asked");
      }
    }
  }

  std::size_t count(State state) const {
    return static_cast<std::size_t>(std::ranges::count(asked_, state, &Asked::state));
  }

  void check(const protocol::Fetcher& fetcher) {
    const std::size_t open = count(State::open);
    const std::size_t settled = count(State::done) + count(State::lost);
    require(fetcher.open_requests() == open - open_[kMaster], "requests without an answer");
    require(fetcher.in_flight() == asked_.size() - settled, "what is in flight");
    require(fetcher.in_flight() <= config_.buffers, "buffers within bound");
    require(fetcher.chunks_done() == count(State::done), "what came");
    require(fetcher.chunks_lost() == count(State::lost), "what did not");
    require(fetcher.chunks_corrupt() == corrupt_, "each damage is counted once");
    require(fetcher.chunks_again() == again_, "what was asked for again");
    require(fetcher.peak_in_flight() == peak_, "the most that a rank owed");
    require(asked_.size() <= config_.chunks, "no chunk beyond the last");

    const protocol::FetchAction action = fetcher.next();
    require(fetcher.next() == action, "next is pure");
    require(std::holds_alternative<protocol::Done>(action) == (settled == config_.chunks),
            "done is done");
    if (std::holds_alternative<protocol::Wait>(action)) {
      require(open + count(State::in_hand) > 0, "nobody waits for nothing");
    }
    check_stall(fetcher);
  }

  void check_stall(const protocol::Fetcher& fetcher) const {
    protocol::Duration longest{};
    for (const auto& [rank, open] : open_) {
      if (open > 0 && rank != kMaster) longest = std::max(longest, now_ - heard_.at(rank));
    }
    const bool late =
        config_.stall_timeout > protocol::Duration::zero() && longest > config_.stall_timeout;
    const auto stall = fetcher.stalled(now_);
    require(stall.has_value() == late, "who owes an answer for too long stalls, and nobody else");
    if (!stall) return;
    require(stall->silent == longest, "the longest silence is told");
    require(stall->unacknowledged == open_.at(stall->worker), "what it owes");
  }

  Feed& feed_;
  bool protected_source_;
  protocol::FetcherConfig config_;
  std::uint32_t directories_;
  plan::ChunkLocations locations_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::set<Rank>> said_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::vector<Rank>> orders_;
  protocol::Time now_{};
  std::vector<Asked> asked_;  // chunk i at position i
  std::map<Rank, std::uint32_t> open_;
  std::map<Rank, protocol::Time> heard_;
  std::uint64_t corrupt_ = 0;
  std::uint64_t again_ = 0;
  std::uint32_t peak_ = 0;
};

}  // namespace mpiferry::fuzz
