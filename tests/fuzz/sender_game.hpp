// A job as the master sees it, with an honest master and peers that may say anything, against a
// model that knows only what was sent, what was answered and, if the job goes on where another one
// ended, what was reported.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "engine/plan/distribution.hpp"
#include "engine/protocol/sender.hpp"
#include "tests/fuzz/feed.hpp"
#include "tests/fuzz/held_chunks_game.hpp"
#include "tests/fuzz/target.hpp"

namespace mpiferry::fuzz {

class SenderGame {
 public:
  SenderGame(Feed& feed, bool resume) : feed_(feed), config_(config(feed)) {
    if (resume) stock_.emplace(feed, config_.workers, config_.chunks);
    if (resume) config_.held_chunks = &stock_->held_chunks();
    sender_.emplace(config_);
  }

  void play() {
    for (int step = 0; step < kSteps && !feed_.empty(); ++step) {
      now_ += std::chrono::milliseconds{feed_.byte()};
      switch (feed_.below(stock_ ? 6 : 5)) {
        case 0:
        case 1:
          act();
          break;
        case 2:
          complete();
          break;
        case 3:
          receive(plausible_ack());
          break;
        case 5:
          stock_->report(now_);
          break;
        default:
          receive(any_ack());
      }
      check();
    }
  }

 private:
  static constexpr int kSteps = 400;  // the check looks at every chunk

  struct Flight {
    protocol::Send send;
    Bytes length;
    bool sending = true;
    bool answered = false;  // this attempt was
    bool written = false;
    bool rerouted = false;  // answered: its worker could not write it, and another one is to get it
    bool kept = false;      // never sent: its worker holds it
  };
  using ReceivedAck = std::pair<Rank, wire::Ack>;

  static protocol::SenderConfig config(Feed& feed) {
    protocol::SenderConfig config{.workers = static_cast<std::uint32_t>(1 + feed.below(4)),
                                  .window = static_cast<std::uint32_t>(1 + feed.below(5)),
                                  .retries = static_cast<std::uint32_t>(feed.below(3)),
                                  .buffers = 1 + feed.below(8),
                                  .stall_timeout = std::chrono::milliseconds{feed.byte()},
                                  .chunks = std::nullopt,
                                  .retain = feed.flag()};
    if (feed.flag()) config.chunks = feed.number();
    config.reroute = feed.flag();
    return config;
  }

  // What the master does when next() says so.
  void act() {
    const protocol::Action action = sender_->next();
    const auto* send = std::get_if<protocol::Send>(&action);
    if (send == nullptr) return;
    if (send->attempt == 0 && !send->again && !config_.chunks && feed_.below(8) == 0) {
      config_.chunks = send->chunk.value;  // the read met the end of the stream
      return sender_->on_source_end(send->chunk.value);
    }
    const Bytes length{1 + feed_.number() % kMaxChunkSize.value};
    if (stock_ && keep(*send, length)) return;
    sender_->on_started(*send, length, now_);
    require(send->attempt > 0 || !excluded_.at(index(send->to)) || failed_,
            "who cannot write gets nothing new");
    if (send->again) {
      Flight& flight = flights_.at(send->chunk.value);
      require(send->attempt == 0 && flight.rerouted && !flight.sending,
              "only rerouted chunks move");
      flight = {*send, length};
      return;
    }
    if (send->attempt == 0) {
      require(send->chunk.value == flights_.size(), "chunks leave in order");
      flights_.push_back({*send, length});
      return;
    }
    Flight& flight = flights_.at(send->chunk.value);
    require(send->attempt == flight.send.attempt + 1, "one attempt after the other");
    require(send->attempt <= config_.retries, "no attempt above the retries");
    require(
        flight.answered && !flight.written && !flight.rerouted && !flight.sending && !flight.kept,
        "only damage is sent again");
    flight = {*send, flight.length};
  }

  // The chunk was read: may be its worker holds just that.
  bool keep(const protocol::Send& send, Bytes length) {
    const std::uint64_t digest = feed_.below(4);
    const bool first = send.attempt == 0 && !send.again;
    require(!first || stock_->knows(send.chunk), "nothing is sent before its worker has looked");
    for (std::uint64_t any = 0; any < 4; ++any) {
      require(sender_->holds(send, any) == (first && stock_->holds(send.chunk, any)),
              "kept is what is held, before it was ever sent");
    }
    if (!first || !stock_->holds(send.chunk, digest)) return false;
    require(send.chunk.value == flights_.size(), "chunks are kept in order");
    sender_->on_kept(send, length);
    flights_.push_back({.send = send,
                        .length = length,
                        .sending = false,
                        .answered = true,  // no answer to it counts
                        .kept = true});
    return true;
  }

  void complete() {
    const std::size_t first = feed_.byte();
    for (std::size_t i = 0; i < flights_.size(); ++i) {
      Flight& flight = flights_[(first + i) % flights_.size()];
      if (!flight.sending) continue;
      flight.sending = false;
      return sender_->on_send_complete(flight.send.to, flight.send.chunk);
    }
  }

  wire::Ack ack(std::uint64_t chunk, std::uint64_t attempt) {
    return {.chunk = {chunk},
            .attempt = static_cast<std::uint32_t>(attempt),
            .status = static_cast<wire::AckStatus>(feed_.below(3))};
  }
  ReceivedAck any_ack() {
    const Rank from{static_cast<std::int8_t>(feed_.byte())};
    const std::uint64_t chunk = feed_.number();
    return {from, ack(chunk, feed_.number())};
  }
  ReceivedAck plausible_ack() {
    if (flights_.empty()) return any_ack();
    const protocol::Send& send = flights_[feed_.number() % flights_.size()].send;
    return {send.to, ack(send.chunk.value, send.attempt)};
  }

  void receive(const ReceivedAck& received) {
    const auto& [from, ack] = received;
    const protocol::Action before = sender_->next();
    const std::uint64_t corrupt = sender_->chunks_corrupt();
    const protocol::AckEffect effect = sender_->on_ack(from, ack, now_);
    if (effect == protocol::AckEffect::stale || effect == protocol::AckEffect::invalid) {
      require(sender_->next() == before && sender_->chunks_corrupt() == corrupt,
              "what is not believed changes nothing");
    }
    const bool known = ack.chunk.value < flights_.size();
    Flight* flight = known ? &flights_[ack.chunk.value] : nullptr;
    if (!known || flight->send.to != from || flight->send.attempt != ack.attempt ||
        flight->answered) {
      require(effect == protocol::AckEffect::stale || effect == protocol::AckEffect::invalid,
              "only the first answer to an attempt counts, and only its worker's");
      return;
    }
    flight->answered = true;
    const bool last = ack.attempt >= config_.retries;
    switch (ack.status) {
      case wire::AckStatus::written:
        flight->written = true;
        if (plan::Distribution::round_robin(config_.workers).worker_of(ack.chunk) != from) ++moved_;
        require(sender_->moved().size() == moved_, "what another worker than its own has written");
        return require(effect == protocol::AckEffect::written, "written is written");
      case wire::AckStatus::corrupt:
        failed_ |= last;
        require(sender_->chunks_corrupt() == corrupt + 1, "each damage is counted once");
        return require(
            effect == (last ? protocol::AckEffect::exhausted : protocol::AckEffect::resend),
            "damage is sent again while there are retries");
      case wire::AckStatus::write_failed:
        return on_failed_write(*flight, effect);
    }
  }

  void on_failed_write(Flight& flight, protocol::AckEffect effect) {
    excluded_.at(index(flight.send.to)) = config_.reroute;
    flight.rerouted = config_.reroute && std::ranges::count(excluded_, false) > 0;
    failed_ |= !flight.rerouted;
    require(effect == (flight.rerouted ? protocol::AckEffect::rerouted
                                       : protocol::AckEffect::write_failed),
            "a failed write is one, or goes to somebody who can");
  }

  static std::size_t index(Rank worker) { return static_cast<std::size_t>(worker.value) - 1; }

  void check() const {
    std::vector<std::uint32_t> owed(config_.workers);
    std::size_t sending = 0;
    std::size_t unanswered = 0;
    std::size_t buffers = 0;
    std::uint64_t rerouted_chunks = 0;
    std::uint64_t written = 0;
    std::uint64_t kept = 0;
    Bytes bytes;
    Bytes bytes_kept;
    for (const Flight& flight : flights_) {
      owed.at(index(flight.send.to)) += flight.written || flight.rerouted || flight.kept ? 0 : 1;
      rerouted_chunks += flight.rerouted;
      sending += flight.sending;
      unanswered += !flight.answered;
      buffers += flight.sending || (config_.retain && !flight.written && !flight.kept);
      written += flight.written;
      kept += flight.kept;
      if (flight.written) bytes += flight.length;
      if (flight.kept) bytes_kept += flight.length;
    }
    for (std::size_t i = 0; i < owed.size(); ++i) {
      const auto stall = sender_->owes(Rank{static_cast<int>(i) + 1}, now_);
      require(stall.unacknowledged == owed[i], "what a worker owes");
      require(owed[i] <= config_.window, "credits never exceed the window");
      require(stall.silent >= protocol::Duration::zero(), "nobody answered in the future");
    }
    require(sender_->in_flight() == flights_.size() - written - rerouted_chunks - kept,
            "what is in flight");
    require(sender_->chunks_started() == flights_.size(), "what was started");
    require(sender_->chunks_written() == written && sender_->bytes_written() == bytes,
            "what was written");
    require(sender_->chunks_kept() == kept && sender_->bytes_kept() == bytes_kept, "what was kept");
    require(sender_->buffers_in_use() == buffers, "buffers in use");
    require(buffers <= config_.buffers, "buffers within bound");
    require(!config_.chunks || flights_.size() <= *config_.chunks, "no chunk beyond the last");

    const protocol::Action action = sender_->next();
    require(sender_->next() == action, "next is pure");
    if (std::holds_alternative<protocol::Done>(action)) {
      require(config_.chunks && written + kept == *config_.chunks && sending == 0, "done is done");
    }
    if (std::holds_alternative<protocol::Wait>(action)) {
      const bool looking = stock_ && !stock_->knows(ChunkIndex{flights_.size()});
      require(sending + unanswered > 0 || failed_ || looking, "nobody waits for nothing");
    }
    if (const auto stall = sender_->stalled(now_)) {
      require(stall->unacknowledged > 0, "who owes nothing does not stall");
    }
  }

  Feed& feed_;
  protocol::SenderConfig config_;
  std::optional<HeldChunksGame> stock_;  // of a job that goes on
  std::optional<protocol::Sender> sender_;
  protocol::Time now_{};
  std::vector<Flight> flights_;
  std::vector<bool> excluded_ = std::vector<bool>(config_.workers);
  std::uint64_t moved_ = 0;
  bool failed_ = false;  // the job has, so that it need not go on
};

}  // namespace mpiferry::fuzz
