// The master's ears: answers, signals, and silence.
#include <chrono>

#include <boost/asio/error.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "engine/disk/chunk_name.hpp"
#include "engine/roles/master.hpp"
#include "engine/roles/publication.hpp"

namespace mpiferry::roles {
namespace {

double seconds(flow::Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Task<> Master::listen(std::size_t listener) {
  Lease lease = control_.acquire();
  for (;;) {
    listening_[listener] =
        context_.irecv(communicator_, std::move(lease), mpi::kAnyRank, kStatusTag);
    auto [error, completion] = co_await mpi::async_wait(context_, listening_[listener], kAsTuple);
    if (error == boost::asio::error::operation_aborted) co_return;
    if (error) {
      fail(completion.failure(error));
      co_return;
    }
    hear(completion);
    changed_.notify();
    lease = std::move(completion.lease);
    if (conductor_.over()) co_return;
  }
}

void Master::hear(const mpi::Completion& completion) {
  const Rank from = completion.peer;
  auto message = open_message(completion, job_id_);
  if (!message) return refuse(from, std::move(message.error()));
  switch (message->header.kind) {
    case wire::Kind::acks:
      return hear_acks(from, message->payload);
    case wire::Kind::ready: {
      auto ready = wire::decode_ready(message->payload);
      if (!ready) return refuse(from, std::move(ready.error()));
      conductor_.on_answer(from);
      return crew_.on_ready(from, *ready);
    }
    case wire::Kind::failed: {
      conductor_.on_answer(from);
      Failure failure = wire::decode_failure(message->payload);
      if (failure.code == Errc::interrupted) {  // a signal meant the job, whoever got it first
        failure.rank = kNoRank;
        failure.host.clear();
      }
      return fail(std::move(failure));
    }
    case wire::Kind::closed: {
      auto closed = wire::decode_closed(message->payload);
      if (!closed) return refuse(from, std::move(closed.error()));
      conductor_.on_closed(from);
      return crew_.on_closed(from, *closed);
    }
    default:
      return refuse(from, {.code = Errc::unexpected_message});
  }
}

// What `from` said ends the job.
void Master::refuse(Rank from, Failure failure) {
  failure.rank = from;
  failure.host = crew_.host(from);
  fail(std::move(failure));
}

void Master::hear_acks(Rank from, std::span<const std::byte> payload) {
  bool valid = sender_.has_value() && !payload.empty() && payload.size() % wire::kAckSize == 0;
  for (; valid && !payload.empty(); payload = payload.subspan(wire::kAckSize)) {
    const auto ack = wire::decode_ack(payload.first<wire::kAckSize>());
    valid = static_cast<bool>(ack);
    if (valid) hear_ack(from, *ack);
  }
  if (!valid) {
    fail({.code = Errc::bad_field, .rank = from, .host = crew_.host(from), .detail = "a bad ack"});
  }
}

void Master::hear_ack(Rank from, const wire::Ack& ack) {
  const flow::AckEffect effect = sender_->on_ack(from, ack, clock_.now());
  if (effect != flow::AckEffect::stale) {
    observer_.on_status(from, effect == flow::AckEffect::written);
  }
  switch (effect) {
    case flow::AckEffect::written:
      if (reader_->source().is_stream()) drop_retained(ack.chunk);
      break;
    case flow::AckEffect::resend:
    case flow::AckEffect::stale:
      break;
    case flow::AckEffect::exhausted:
      refuse(from,
             {.code = Errc::chunk_corrupt,
              .detail = fmt::format("chunk {} arrived damaged {} times, the last {} of them resent",
                                    ack.chunk.value, ack.attempt + 1, ack.attempt),
              .hint = "check memory and network of that host, or raise --retries"});
      break;
    case flow::AckEffect::write_failed:
      refuse(from, write_failure(crew_.directory(from), disk::ChunkName{ack.chunk}.view(), ack.call,
                                 ack.system_errno));
      break;
    case flow::AckEffect::invalid:
      refuse(from,
             {.code = Errc::unexpected_message,
              .detail = fmt::format("an ack of chunk {}, attempt {}, that was never sent there",
                                    ack.chunk.value, ack.attempt)});
      break;
  }
}

Task<> Master::watch() {
  while (!conductor_.over()) {
    tick_timer_.expires_after(kTick);
    co_await tick_timer_.async_wait(kAsTuple);
    clock_.tick();
    tick();
  }
}

void Master::tick() {
  const auto now = clock_.now();
  if (const auto late = conductor_.unanswered(now)) {
    fail(silence(*late, fmt::format("has not answered the job for {:.1f} s",
                                    seconds(conductor_.waiting(now)))));
  }
  if (conductor_.transferring()) {
    if (const auto stall = sender_->stalled(now)) {
      fail(silence(
          stall->worker,
          fmt::format("{} of {} chunks unacknowledged, last answer {:.1f} s ago",
                      stall->unacknowledged, options_.effective_window(), seconds(stall->silent))));
    }
    observer_.on_progress({.done = sender_->bytes_written(),
                           .total = reader_->source().size(),
                           .in_flight = sender_->in_flight(),
                           .elapsed = std::chrono::steady_clock::now() - transfer_began_});
  }
  if (conductor_.next(now) == flow::Step::give_up) changed_.notify();
}

Failure Master::silence(Rank worker, std::string detail) const {
  return {.code = Errc::worker_stalled,
          .rank = worker,
          .host = crew_.host(worker),
          .detail = std::move(detail),
          .hint = "look at that host and its disk; --stall-timeout sets how long to wait"};
}

}  // namespace mpiferry::roles
