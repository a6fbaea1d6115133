#include "engine/protocol/fetcher.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace mpiferry::protocol {

Fetcher::Fetcher(FetcherConfig config) : config_(std::move(config)), members_(config_.ranks) {
  assert(config_.ranks > 0 && config_.window > 0 && config_.window <= kMaxWindow);
  assert(config_.buffers > 0);
  flights_.reserve(config_.buffers);
}

FetchAction Fetcher::next() const {
  if (waiting_ > 0) {
    const auto again = std::ranges::find(flights_, State::waits, &Flight::state);
    if (member(again->from).open >= config_.window) return Wait{};
    return Fetch{again->chunk, again->from, again->attempt + 1};
  }
  if (next_chunk_ == config_.chunks) {
    return flights_.empty() ? FetchAction{Done{}} : FetchAction{Wait{}};
  }
  if (flights_.size() >= config_.buffers) return Wait{};
  const ChunkIndex chunk{next_chunk_};
  const auto from = config_.holder(chunk, 0);
  if (!from) return Missing{chunk};
  if (member(*from).open >= config_.window) return Wait{};
  return Fetch{chunk, *from, 0};
}

void Fetcher::on_requested(const Fetch& fetch, Time now) {
  Member& from = member(fetch.from);
  if (fetch.attempt == 0) {
    assert(fetch.chunk.value == next_chunk_);
    ++next_chunk_;
    flights_.push_back({.chunk = fetch.chunk, .from = fetch.from});
  } else {
    const auto flight = find(fetch.chunk);
    assert(flight != flights_.end() && flight->state == State::waits && flight->from == fetch.from);
    flight->state = State::open;
    flight->attempt = fetch.attempt;
    --waiting_;
    ++again_;
  }
  if (from.open++ == 0) from.last_answer = now;
  if (fetch.from != kMaster) ++open_;
  peak_ = std::max(peak_, from.open);
}

void Fetcher::on_missing(ChunkIndex chunk) {
  assert(chunk.value == next_chunk_);
  static_cast<void>(chunk);
  ++next_chunk_;
  ++lost_;
}

std::vector<Fetcher::Flight>::iterator Fetcher::find(ChunkIndex chunk) {
  const auto found = std::ranges::lower_bound(flights_, chunk, {}, &Flight::chunk);
  return found != flights_.end() && found->chunk == chunk ? found : flights_.end();
}

FetchEffect Fetcher::on_arrival(Rank from, ChunkIndex chunk, std::uint32_t attempt, Arrival arrival,
                                Time now) {
  if (from.value < 0 || static_cast<std::size_t>(from.value) >= members_.size() ||
      chunk.value >= next_chunk_) {
    return FetchEffect::invalid;
  }
  const auto flight = find(chunk);
  if (flight == flights_.end() || flight->state != State::open || attempt < flight->attempt) {
    return FetchEffect::stale;
  }
  if (attempt > flight->attempt || from != flight->from) return FetchEffect::invalid;
  --member(from).open;
  if (from != kMaster) --open_;
  member(from).last_answer = now;

  switch (arrival) {
    case Arrival::good:
      flight->state = State::in_hand;
      return FetchEffect::accepted;
    case Arrival::damaged:
      ++corrupt_;
      if (flight->damaged++ < config_.retries) break;
      lose(flight);
      return FetchEffect::exhausted;
    case Arrival::unavailable:
      if (const auto other = config_.holder(chunk, ++flight->holders)) {
        flight->from = *other;
        break;
      }
      lose(flight);
      return FetchEffect::lost;
  }
  flight->state = State::waits;
  ++waiting_;
  return FetchEffect::again;
}

void Fetcher::lose(std::vector<Flight>::iterator flight) {
  flights_.erase(flight);
  ++lost_;
}

void Fetcher::on_stored(ChunkIndex chunk) {
  const auto flight = find(chunk);
  assert(flight != flights_.end() && flight->state == State::in_hand);
  flights_.erase(flight);
  ++done_;
}

std::optional<Stall> Fetcher::stalled(Time now) const {
  if (config_.stall_timeout == Duration::zero()) return std::nullopt;
  return longest_of(silent(now, config_.stall_timeout));
}

std::vector<Stall> Fetcher::silent(Time now, Duration longer_than) const {
  std::vector<Stall> stalls;
  for (std::size_t i = 1; i < members_.size(); ++i) {
    const Stall stall{Rank{static_cast<int>(i)}, members_[i].open, now - members_[i].last_answer};
    if (stall.unacknowledged > 0 && stall.silent > longer_than) stalls.push_back(stall);
  }
  return stalls;
}

}  // namespace mpiferry::protocol
