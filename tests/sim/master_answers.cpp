// The master's ears: answers, and silence.
#include <chrono>

#include "engine/protocol/master_deadline.hpp"
#include "tests/sim/master.hpp"
#include "tests/sim/message.hpp"

namespace mpiferry::sim {
void Master::listen(std::size_t listener) {
  Listener& it = listening_[listener];
  it.receive = setting_.network.irecv(kMaster, kNoRank, wire::Tag::status, *it.buffer,
                                      [this, listener](const Arrival& arrival) {
                                        if (arrival.cancelled) return;
                                        ++messages_heard_;
                                        setting_.world.stop(kMaster, setting_.scenario.hear);
                                        hear(arrival.from, listening_[listener].buffer->bytes());
                                        wake();
                                        if (!fsm_.over()) listen(listener);
                                      });
}

void Master::hear(Rank from, std::span<const std::byte> bytes) {
  const auto message = open_message(bytes, kJobId);
  if (!message) return refuse(from, message.error());
  switch (message->header.kind) {
    case wire::Kind::acks:
      return hear_acks(from, message->payload);
    case wire::Kind::ready: {
      const auto ready = wire::decode_ready(message->payload);
      if (!ready) return refuse(from, ready.error());
      return fsm_.on_answer(from);
    }
    case wire::Kind::failed: {
      fsm_.on_answer(from);
      return fail(wire::decode_failure(message->payload));
    }
    case wire::Kind::closed: {
      const auto closed = wire::decode_closed(message->payload);
      if (!closed) return refuse(from, closed.error());
      if (closed->failure) fail(*closed->failure);  // if this comes before it
      setting_.auditor.on_closed_heard(from, *closed);
      return fsm_.on_closed(from);
    }
    case wire::Kind::held_chunks: {
      const auto report = wire::decode_held_chunks(message->payload);
      if (!report) return refuse(from, report.error());
      if (!held_chunks_ || !held_chunks_->on_report(from, *report, now())) break;
      return setting_.auditor.on_held_chunks_received(from);
    }
    default:
      break;
  }
  refuse(from, {.code = Errc::unexpected_message});
}

// What `from` said ends the job.
void Master::refuse(Rank from, Failure failure) {
  failure.rank = from;
  fail(std::move(failure));
}

void Master::hear_acks(Rank from, std::span<const std::byte> payload) {
  bool valid = sender_.has_value() && !payload.empty() && payload.size() % wire::kAckSize == 0;
  for (; valid && !payload.empty(); payload = payload.subspan(wire::kAckSize)) {
    const auto ack = wire::decode_ack(payload.first<wire::kAckSize>());
    valid = static_cast<bool>(ack);
    if (valid) hear_ack(from, *ack);
  }
  if (!valid) refuse(from, {.code = Errc::bad_field});
}

void Master::hear_ack(Rank from, const wire::Ack& ack) {
  setting_.auditor.on_ack_heard(from, ack);
  switch (sender_->on_ack(from, ack, now())) {
    case protocol::AckEffect::written:
      if (setting_.scenario.stream) drop_retained(ack.chunk);
      break;
    case protocol::AckEffect::resend:
    case protocol::AckEffect::stale:
      break;
    case protocol::AckEffect::exhausted:
      refuse(from, {.code = Errc::chunk_corrupt});
      break;
    case protocol::AckEffect::rerouted:
      break;
    case protocol::AckEffect::write_failed:
      setting_.auditor.on_no_way_out();
      refuse(from, {.code = Errc::dest_write_failed,
                    .call = wire::call_name(ack.call),
                    .system_errno = ack.system_errno});
      break;
    case protocol::AckEffect::invalid:
      refuse(from, {.code = Errc::unexpected_message});
      break;
  }
}

void Master::watch() {
  if (fsm_.over()) return;
  setting_.world.after(kTick, kMaster, [this] {
    clock_.tick();
    tick();
    watch();
  });
}

void Master::give_signs_of_life() {
  if (now() < last_sign_ + protocol::sign_of_life_interval(setting_.scenario.stall_timeout)) return;
  last_sign_ = now();
  for (std::size_t rank = 1; rank < sign_under_way_.size(); ++rank) {
    if (sign_under_way_[rank]) continue;
    sign_under_way_[rank] = true;
    Buffer& buffer = control_.acquire();
    put_message(buffer.bytes(), {.kind = wire::Kind::alive, .job_id = kJobId}, {});
    setting_.network.isend(kMaster, Rank{static_cast<int>(rank)}, wire::Tag::status, buffer,
                           [this, rank, &buffer](bool sent) {
                             sign_under_way_[rank] = false;
                             control_.release(buffer);
                             if (!sent) fail({.code = Errc::mpi_failed});
                           });
  }
}

void Master::tick() {
  if (fsm_.over()) return;
  give_signs_of_life();
  if (const auto late = fsm_.unanswered(now())) {
    if (!fsm_.failed()) setting_.auditor.on_blame(*late, Silence::to_the_job);
    fail({.code = Errc::worker_stalled, .rank = *late});
  }
  if (fsm_.transferring() && sender_) {
    const auto late = held_chunks_ ? held_chunks_->late(now(), setting_.scenario.stall_timeout)
                                   : std::optional<protocol::Stall>{};
    if (late) {
      if (!fsm_.failed()) setting_.auditor.on_blame(late->worker, Silence::of_its_holdings);
      fail({.code = Errc::worker_stalled, .rank = late->worker});
    }
    if (const auto stall = sender_->stalled(now())) {
      if (!fsm_.failed()) setting_.auditor.on_blame(stall->worker, Silence::to_chunks);
      fail({.code = Errc::worker_stalled, .rank = stall->worker});
    }
  }
  if (fsm_.next(now()) == protocol::Step::give_up) return wake();
  setting_.auditor.on_waiting();
}

}  // namespace mpiferry::sim
