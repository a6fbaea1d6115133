#include "engine/protocol/sender.hpp"

#include <algorithm>
#include <cassert>

namespace mpiferry::protocol {

Sender::Sender(const SenderConfig& config)
    : config_(config),
      distribution_(plan::Distribution::round_robin(config.workers)),
      workers_(config.workers) {
  assert(config.workers > 0 && config.window > 0 && config.window <= kMaxWindow);
  assert(config.buffers > 0);
  // An acknowledged chunk may wait for its Isend while its credit is used again: room for two.
  const std::size_t most = std::min<std::size_t>(config.buffers, config.window) + config.window;
  for (Worker& worker : workers_) worker.flights.reserve(most);
}

Sender::Worker& Sender::worker(Rank rank) {
  return workers_[static_cast<std::size_t>(rank.value) - 1];
}
const Sender::Worker& Sender::worker(Rank rank) const {
  return workers_[static_cast<std::size_t>(rank.value) - 1];
}

Sender::Flight* Sender::find(Worker& worker, ChunkIndex chunk) {
  const auto found = std::ranges::find(worker.flights, chunk, &Flight::chunk);
  return found == worker.flights.end() ? nullptr : &*found;
}

const Sender::Flight* Sender::next_resend(Rank* to) const {
  // Damage is rare, so a search beats bookkeeping; `damaged_` keeps it off the hot path.
  for (std::size_t i = 0; damaged_ != 0 && i < workers_.size(); ++i) {
    for (const Flight& flight : workers_[i].flights) {
      if (flight.damaged && !flight.sending) {
        *to = Rank{static_cast<int>(i) + 1};
        return &flight;
      }
    }
  }
  return nullptr;
}

Action Sender::next() const {
  const bool buffer_free = buffers_in_use_ < config_.buffers;
  Rank to;
  if (const Flight* flight = next_resend(&to); flight != nullptr) {
    if (buffer_free || config_.retain) return Send{flight->chunk, to, flight->attempt + 1};
    return Wait{};
  }
  if (!rerouted_.empty()) {
    const ChunkIndex chunk = rerouted_.front().chunk;
    to = receiver_of(chunk);
    const bool has_credit = worker(to).unacknowledged < config_.window;
    return has_credit && (buffer_free || config_.retain) ? Action{Send{chunk, to, 0, true}}
                                                         : Action{Wait{}};
  }
  if (config_.chunks && next_chunk_ >= *config_.chunks) {
    return flights_ == 0 ? Action{Done{}} : Action{Wait{}};
  }
  const ChunkIndex chunk{next_chunk_};
  if (config_.held_chunks != nullptr && !config_.held_chunks->knows(chunk)) return Wait{};
  to = receiver_of(chunk);
  if (!buffer_free || worker(to).unacknowledged >= config_.window) return Wait{};
  return Send{chunk, to, 0};
}

// The worker that a chunk goes to: its own, or the one whose turn it is among those that can write.
Rank Sender::receiver_of(ChunkIndex chunk) const {
  const Rank own = distribution_.worker_of(chunk);
  if (!worker(own).excluded) return own;
  const auto able = std::ranges::count(workers_, false, &Worker::excluded);
  if (able == 0) return own;  // the job has failed
  auto turn = static_cast<std::int64_t>(distribution_.position_of(chunk)) % able;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (!workers_[i].excluded && turn-- == 0) return Rank{static_cast<int>(i) + 1};
  }
  return own;
}

bool Sender::can_reroute() const noexcept {
  return config_.reroute && std::ranges::count(workers_, false, &Worker::excluded) > 0;
}

bool Sender::holds(const Send& send, std::uint64_t digest) const {
  return config_.held_chunks != nullptr && send.attempt == 0 && !send.again &&
         config_.held_chunks->holds(send.chunk, digest);
}

void Sender::on_kept(const Send& send, Bytes length) {
  assert(send.chunk.value == next_chunk_ && send.attempt == 0 && !send.again);
  static_cast<void>(send);
  ++next_chunk_;
  ++chunks_kept_;
  bytes_kept_ += length;
}

void Sender::on_started(const Send& send, Bytes length, Time now) {
  Worker& to = worker(send.to);
  if (send.attempt > 0) {
    Flight* flight = find(to, send.chunk);
    assert(flight != nullptr && flight->damaged && !flight->sending);
    flight->attempt = send.attempt;
    flight->damaged = false;
    flight->sending = true;
    --damaged_;
    ++chunks_resent_;
    to.last_answer = now;  // reading the chunk again took the master's time, not the worker's
    if (!config_.retain) ++buffers_in_use_;
    return;  // it kept its place in the window
  }
  assert(to.unacknowledged < config_.window);
  if (send.again) {
    assert(!rerouted_.empty() && rerouted_.front().chunk == send.chunk);
    rerouted_.erase(rerouted_.begin());
    ++chunks_resent_;
    if (config_.retain) --buffers_in_use_;  // it has been in use since it was read
  } else {
    assert(send.chunk.value == next_chunk_);
    ++next_chunk_;
  }
  if (to.unacknowledged == 0) to.last_answer = now;
  to.flights.push_back({.chunk = send.chunk, .length = length});
  ++to.unacknowledged;
  ++in_flight_;
  ++flights_;
  ++buffers_in_use_;
  peak_in_flight_ = std::max(peak_in_flight_, to.unacknowledged);
}

void Sender::release(Worker& worker, Flight* flight) {
  *flight = worker.flights.back();
  worker.flights.pop_back();
  --flights_;
}

// MPI is through with it: its buffer, if it is retained, can be sent elsewhere.
void Sender::rerouted(Worker& from, Flight* flight) {
  rerouted_.push_back({flight->chunk, flight->length});
  release(from, flight);
}

void Sender::on_send_complete(Rank rank, ChunkIndex chunk) {
  Worker& to = worker(rank);
  Flight* flight = find(to, chunk);
  assert(flight != nullptr && flight->sending);
  flight->sending = false;
  if (!config_.retain || (flight->answered && !flight->rerouted)) --buffers_in_use_;
  if (flight->rerouted) return rerouted(to, flight);
  if (flight->answered) release(to, flight);
}

AckEffect Sender::on_ack(Rank rank, const wire::Ack& ack, Time now) {
  if (rank.value < 1 || static_cast<std::size_t>(rank.value) > workers_.size() ||
      ack.chunk.value >= next_chunk_ ||
      (!config_.reroute && distribution_.worker_of(ack.chunk) != rank)) {
    return AckEffect::invalid;
  }
  Worker& from = worker(rank);
  Flight* flight = find(from, ack.chunk);
  if (flight == nullptr || flight->answered || flight->damaged || flight->failed ||
      ack.attempt < flight->attempt) {
    return AckEffect::stale;
  }
  if (ack.attempt > flight->attempt) return AckEffect::invalid;
  from.last_answer = now;

  switch (ack.status) {
    case wire::AckStatus::written:
      ++chunks_written_;
      bytes_written_ += flight->length;
      --from.unacknowledged;
      --in_flight_;
      flight->answered = true;
      if (distribution_.worker_of(ack.chunk) != rank) moved_.push_back({ack.chunk, rank});
      if (!flight->sending) {
        if (config_.retain) --buffers_in_use_;
        release(from, flight);
      }
      return AckEffect::written;
    case wire::AckStatus::corrupt:
      ++chunks_corrupt_;
      if (flight->attempt >= config_.retries) {
        flight->failed = true;
        return AckEffect::exhausted;
      }
      flight->damaged = true;
      ++damaged_;
      return AckEffect::resend;
    case wire::AckStatus::write_failed:
      return on_write_failed(from, flight);
  }
  return AckEffect::invalid;
}

// Without reroute the job ends here. With it the worker gets nothing new any more, and what it
// could not write goes to another one; what else it has it may still write.
AckEffect Sender::on_write_failed(Worker& from, Flight* flight) {
  from.excluded = config_.reroute;
  if (!can_reroute()) {
    flight->failed = true;
    return AckEffect::write_failed;
  }
  --from.unacknowledged;
  --in_flight_;
  flight->answered = true;
  flight->rerouted = true;
  if (!flight->sending) rerouted(from, flight);
  return AckEffect::rerouted;
}

void Sender::on_source_end(std::uint64_t chunks) {
  assert(next_chunk_ <= chunks);
  config_.chunks = chunks;
}

Stall Sender::owes(Rank rank, Time now) const {
  const Worker& late = worker(rank);
  return {rank, late.unacknowledged, now - late.last_answer};
}

std::optional<Stall> Sender::stalled(Time now) const {
  if (config_.stall_timeout == Duration::zero()) return std::nullopt;
  return longest_of(silent(now, config_.stall_timeout));
}

std::vector<Stall> Sender::silent(Time now, Duration longer_than) const {
  std::vector<Stall> stalls;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const Stall stall = owes(Rank{static_cast<int>(i) + 1}, now);
    if (stall.unacknowledged > 0 && stall.silent > longer_than) stalls.push_back(stall);
  }
  return stalls;
}

bool Sender::is_unacknowledged(Rank rank, ChunkIndex chunk) const {
  const auto& flights = worker(rank).flights;
  const auto found = std::ranges::find(flights, chunk, &Flight::chunk);
  return found != flights.end() && (!found->answered || found->rerouted);
}

}  // namespace mpiferry::protocol
