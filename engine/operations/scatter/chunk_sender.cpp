#include "engine/operations/scatter/chunk_sender.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "engine/plan/chunk_plan.hpp"
#include "engine/wire/header.hpp"

namespace mpiferry::operations {

using job::SourceReader;
using job::Task;

Failure too_many_chunks(const ScatterOptions& options) {
  return {.code = Errc::invalid_argument,
          .path = options.source,
          .detail =
              fmt::format("more than {} chunks of {} bytes", kMaxChunks, options.chunk_size.value),
          .hint = "choose a larger `chunk_size`"};
}

ChunkSender::ChunkSender(job::MasterSession& session, const ScatterOptions& options,
                         SourceReader& reader, BufferPool& pool,
                         std::optional<std::uint64_t> chunks,
                         const protocol::HeldChunks* held_chunks, BeforeSend before_send)
    : session_(session),
      options_(options),
      reader_(reader),
      pool_(pool),
      before_send_(std::move(before_send)),
      sender_({.workers = session.workers(),
               .window = options.effective_window(),
               .retries = options.job.retries,
               .buffers = pool.capacity(),
               .stall_timeout = options.job.stall_timeout,
               .chunks = chunks,
               .held_chunks = held_chunks,
               .reroute = options.reroute,
               .retain = reader.source().is_stream()}),
      chunks_(chunks) {
  if (is_stream()) retained_.reserve(pool.capacity());
}

Task<> ChunkSender::run() {
  while (!session_.failed()) {
    const Turn turn = take_turn();
    if (turn == Turn::done) break;
    if (turn == Turn::more) {
      const transport::BusyGuard busy{session_.environment().transport};
      co_await job::yield_turn(session_.environment().io());
    } else {
      co_await session_.changed().wait();
    }
  }
}

// Small chunks share a turn of the event loop, and with it a visit of the poller and an epoll_wait;
// together they are no more than a slice.
ChunkSender::Turn ChunkSender::take_turn() {
  constexpr std::uint64_t kMaxSteps = 16;
  const auto steps =
      std::clamp<std::uint64_t>(job::kSlice / options_.chunk_size.value, 1, kMaxSteps);
  for (std::uint64_t step = 0; step < steps && !session_.failed(); ++step) {
    const protocol::Action action = sender_.next();
    if (std::holds_alternative<protocol::Done>(action)) return Turn::done;
    if (!advance(action)) return Turn::blocked;
  }
  return Turn::more;
}

// One step towards what the protocol wants. False if nothing can be done before something changes.
bool ChunkSender::advance(const protocol::Action& action) {
  const auto* send = std::get_if<protocol::Send>(&action);
  // The chunk that is being read has the promise of a place in a window: no other takes it.
  if (send != nullptr && (send->attempt > 0 || (send->again && !reading_)) && is_stream()) {
    resend_retained(*send);
    return true;
  }
  if (!reading_) {
    if (send == nullptr) return false;
    if (send->chunk.value >= kMaxChunks) {  // a stream; files were refused before
      session_.fail(too_many_chunks(options_));
      return false;
    }
    auto lease = pool_.try_acquire();
    if (!lease) throw std::logic_error{"the sender counts its buffers wrong"};
    reading_ = *send;
    reader_.begin(send->chunk, std::move(*lease));
  }
  if (source_blocked_) return false;
  read_on();
  return true;
}

void ChunkSender::read_on() {
  switch (reader_.step()) {
    case SourceReader::Step::ready:
      on_read();
      break;
    case SourceReader::Step::more:
      break;
    case SourceReader::Step::blocked:
      source_blocked_ = true;
      reader_.source().readable().async_wait(SourceReadable{this});
      break;
    case SourceReader::Step::end:
      reader_.abandon();
      reading_.reset();
      chunks_ = sender_.chunks_started();
      sender_.on_source_end(*chunks_);
      session_.observer().on_source(options_.source, *chunks_, options_.chunk_size);
      break;
    case SourceReader::Step::failed:
      reading_.reset();
      session_.fail(reader_.failure());
      break;
  }
}

// A chunk that its worker holds already, as it is in the source now, is kept.
void ChunkSender::on_read() {
  const protocol::Send read = *std::exchange(reading_, std::nullopt);
  if (sender_.holds(read, reader_.digest())) {
    sender_.on_kept(read, reader_.length());
    return reader_.abandon();
  }
  if (Outcome ready = before_send_(read, reader_.length()); !ready) {
    return session_.fail(std::move(ready.error()));
  }
  send(read, reader_.length(), reader_.digest(), reader_.take());
}

void ChunkSender::SourceReadable::operator()(const boost::system::error_code& /*error*/) const {
  self->source_blocked_ = false;
  self->session_.changed().notify();
}

void ChunkSender::send(const protocol::Send& send, Bytes length, std::uint64_t digest,
                       Lease lease) {
  wire::encode({.kind = wire::Kind::chunk,
                .job_id = session_.job_id(),
                .chunk = send.chunk,
                .offset = plan::offset(send.chunk, options_.chunk_size),
                .length = length,
                .attempt = send.attempt,
                .payload_digest = digest},
               lease.header());
  transport::Transport& transport = session_.environment().transport;
  const job::Operation operation =
      transport.isend(std::move(lease), length.value, send.to, job::kDataTag);
  sender_.on_started(send, length, session_.now());
  async_wait(transport, operation, Sent{this, send.to, send.chunk, length});
  session_.observer().on_sent(send.chunk, send.to);
}

void ChunkSender::Sent::operator()(const job::ErrorCode& error, job::Completion completion) const {
  if (error) return self->session_.fail(completion.failure(error));
  const bool keep = self->is_stream() && self->sender_.is_unacknowledged(to, chunk);
  self->sender_.on_send_complete(to, chunk);
  if (keep) self->retained_.add({chunk, length, std::move(completion.lease)});
  completion.lease.reset();
  self->session_.changed().notify();
}

void ChunkSender::resend_retained(const protocol::Send& again) {
  RetainedChunk chunk = retained_.take(again.chunk);
  send(again, chunk.length, reader_.digests()[again.chunk.value], std::move(chunk.lease));
}

protocol::AckEffect ChunkSender::on_ack(Rank from, const wire::Ack& ack) {
  const protocol::AckEffect effect = sender_.on_ack(from, ack, session_.now());
  if (effect == protocol::AckEffect::written && is_stream()) retained_.drop(ack.chunk);
  return effect;
}

void ChunkSender::cancel() {
  if (source_blocked_) reader_.source().readable().cancel();
}

}  // namespace mpiferry::operations
