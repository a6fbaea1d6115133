// The scattering master's ears: what an answer means for its chunk, and silence.
#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "engine/disk/chunk_name.hpp"
#include "engine/disk/stripe_name.hpp"
#include "engine/roles/publication.hpp"
#include "engine/roles/scatter_master.hpp"

namespace mpiferry::roles {
namespace {

// The file that a worker could not write a chunk into.
std::string file_of(wire::Layout layout, ChunkIndex chunk, Rank worker) {
  switch (layout) {
    case wire::Layout::chunks:
      return std::string{disk::ChunkName{chunk}.view()};
    case wire::Layout::stripes:
      return disk::stripe_name(worker) + ".part";
    case wire::Layout::file:
      return std::string{disk::kFileName} + ".part";
  }
  return {};
}

}  // namespace

void ScatterMaster::hear_more(Rank from, const Message& message, mpi::Completion& /*completion*/) {
  switch (message.header.kind) {
    case wire::Kind::acks:
      return hear_acks(from, message.payload);
    case wire::Kind::capacity: {
      const auto ready = wire::decode_ready(message.payload);
      if (!ready) return refuse(from, ready.error());
      if (!clears() || fsm_.transferring()) break;
      capacity_.add(from, *ready);
      return fsm_.on_measured(from);
    }
    case wire::Kind::held_chunks: {
      const auto report = wire::decode_held_chunks(message.payload);
      if (!report) return refuse(from, report.error());
      if (!held_chunks_ || !held_chunks_->on_report(from, *report, clock_.now())) break;
      return;
    }
    default:
      break;
  }
  refuse(from, {.code = Errc::unexpected_message});
}

void ScatterMaster::hear_acks(Rank from, std::span<const std::byte> payload) {
  bool valid = sender_.has_value() && !payload.empty() && payload.size() % wire::kAckSize == 0;
  for (; valid && !payload.empty(); payload = payload.subspan(wire::kAckSize)) {
    const auto ack = wire::decode_ack(payload.first<wire::kAckSize>());
    valid = static_cast<bool>(ack);
    if (valid) hear_ack(from, *ack);
  }
  if (!valid) refuse(from, {.code = Errc::bad_field, .detail = "a bad ack"});
}

void ScatterMaster::hear_ack(Rank from, const wire::Ack& ack) {
  const protocol::AckEffect effect = sender_->on_ack(from, ack, clock_.now());
  if (effect != protocol::AckEffect::stale) {
    observer_.on_status(from, effect == protocol::AckEffect::written);
  }
  switch (effect) {
    case protocol::AckEffect::written:
      if (reader_->source().is_stream()) drop_retained(ack.chunk);
      break;
    case protocol::AckEffect::resend:
    case protocol::AckEffect::stale:
      break;
    case protocol::AckEffect::exhausted:
      refuse(from,
             {.code = Errc::chunk_corrupt,
              .detail = fmt::format("chunk {} arrived damaged {} times, the last {} of them resent",
                                    ack.chunk.value, ack.attempt + 1, ack.attempt),
              .hint = "check memory and network of that host, or raise --retries"});
      break;
    case protocol::AckEffect::rerouted:
      if (std::ranges::find(warnings_, from, &Failure::rank) == warnings_.end()) {
        warnings_.push_back(unwritten(from, ack));
      }
      break;
    case protocol::AckEffect::write_failed:
      fail(unwritten(from, ack));
      break;
    case protocol::AckEffect::invalid:
      refuse(from,
             {.code = Errc::unexpected_message,
              .detail = fmt::format("an ack of chunk {}, attempt {}, that was never sent there",
                                    ack.chunk.value, ack.attempt)});
      break;
  }
}

Failure ScatterMaster::unwritten(Rank from, const wire::Ack& ack) const {
  Failure failure = write_failure(peers_.directory(from), file_of(options_.layout, ack.chunk, from),
                                  ack.call, ack.system_errno);
  failure.rank = from;
  failure.host = peers_.host(from);
  return failure;
}

void ScatterMaster::on_tick(protocol::Time now) {
  if (!sender_) return;
  if (const auto stall = sender_->stalled(now)) {
    fail(silence(
        worst_first(*stall, sender_->silent(now, notable_silence())),
        fmt::format("{} of {} chunks unacknowledged, last answer {:.1f} s ago",
                    stall->unacknowledged, options_.effective_window(), seconds(stall->silent))));
  }
  if (held_chunks_) {
    if (const auto late = held_chunks_->late(now, options_.stall_timeout)) {
      fail(silence(worst_first(*late, held_chunks_->silent(now, notable_silence())),
                   fmt::format("looks at what it holds, and has said nothing for {:.1f} s",
                               seconds(late->silent))));
    }
  }
  observer_.on_progress({.moved = sender_->bytes_written(),
                         .chunks_moved = sender_->chunks_written(),
                         .kept = sender_->bytes_kept(),
                         .chunks_kept = sender_->chunks_kept(),
                         .total = reader_->source().size(),
                         .in_flight = sender_->in_flight(),
                         .elapsed = std::chrono::steady_clock::now() - transfer_began_});
}

}  // namespace mpiferry::roles
