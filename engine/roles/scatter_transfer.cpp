// The scattering master's way out: source to lease to Isend.
#include <algorithm>
#include <stdexcept>

#include "engine/plan/chunk_plan.hpp"
#include "engine/roles/scatter_master.hpp"
#include "engine/wire/header.hpp"

namespace mpiferry::roles {

Task<> ScatterMaster::transfer() {
  const bool stream = reader_->source().is_stream();
  sender_.emplace(protocol::SenderConfig{.workers = peers_.size(),
                                         .window = options_.effective_window(),
                                         .retries = options_.retries,
                                         .buffers = chunk_pool_.capacity(),
                                         .stall_timeout = options_.stall_timeout,
                                         .chunks = chunks_,
                                         .held_chunks = held_chunks_ ? &*held_chunks_ : nullptr,
                                         .reroute = options_.reroute,
                                         .retain = stream});
  if (held_chunks_) held_chunks_->begin(clock_.now());
  if (stream) retained_.reserve(chunk_pool_.capacity());

  while (!fsm_.failed()) {
    const Turn turn = take_turn();
    if (turn == Turn::done) break;
    if (turn == Turn::more) {
      const mpi::MpiContext::BusyGuard awake{context_};
      co_await yield_turn(io_);
    } else {
      co_await changed_.wait();
    }
  }
  if (!fsm_.failed() && options_.source_check == Options::SourceCheck::digest) {
    co_await read_source_again();
  }
  if (!fsm_.failed()) check_result();
}

// What was sent has the digest of the first reading: a file that still has it was not changed.
Task<> ScatterMaster::read_source_again() {
  disk::Source& source = reader_->source();
  if (source.is_stream()) co_return;  // can be read only once
  std::vector<std::byte> slice(kSlice);
  wire::FileDigest digest;
  for (Bytes at; at < *source.size() && !fsm_.failed();) {
    const auto read = source.read(at, slice);
    if (!read) {
      fail(read.error());
      co_return;
    }
    digest.update(std::span{slice}.first(read->bytes));
    at += Bytes{read->bytes};
    const mpi::MpiContext::BusyGuard awake{context_};
    co_await yield_turn(io_);
  }
  if (fsm_.failed() || digest.value() == reader_->file_digest()) co_return;
  fail({.code = Errc::source_changed,
        .path = options_.source,
        .detail = "a second reading gave different bytes",
        .hint = "run it again when nothing writes to the source"});
}

// Small chunks share a turn of the event loop, and with it a visit of the poller and an epoll_wait;
// together they are no more than a slice.
ScatterMaster::Turn ScatterMaster::take_turn() {
  constexpr std::uint64_t kMaxSteps = 16;
  const auto steps = std::clamp<std::uint64_t>(kSlice / options_.chunk_size.value, 1, kMaxSteps);
  for (std::uint64_t step = 0; step < steps && !fsm_.failed(); ++step) {
    const protocol::Action action = sender_->next();
    if (std::holds_alternative<protocol::Done>(action)) return Turn::done;
    if (!advance(action)) return Turn::blocked;
  }
  return Turn::more;
}

// One step towards what the protocol wants. False if nothing can be done before something changes.
bool ScatterMaster::advance(const protocol::Action& action) {
  const auto* send = std::get_if<protocol::Send>(&action);
  // The chunk that is being read has the promise of a place in a window: no stray takes it.
  if (send != nullptr && (send->attempt > 0 || (send->again && !reading_)) &&
      reader_->source().is_stream()) {
    resend_retained(*send);
    return true;
  }
  if (!reading_) {
    if (send == nullptr) return false;
    if (send->chunk.value >= kMaxChunks) {  // a stream; files were refused before
      fail(too_many_chunks(options_));
      return false;
    }
    auto lease = chunk_pool_.try_acquire();
    if (!lease) throw std::logic_error{"the sender counts its buffers wrong"};
    reading_ = *send;
    reader_->begin(send->chunk, std::move(*lease));
  }
  if (source_blocked_) return false;
  read_on();
  return true;
}

void ScatterMaster::read_on() {
  switch (reader_->step()) {
    case SourceReader::Step::ready: {
      const protocol::Send send = *reading_;
      reading_.reset();
      if (keep_chunk(send)) break;
      Outcome ready =
          unpublished_ ? Outcome{Nothing{}} : check_capacity_beside(send.chunk, send.to);
      if (ready) ready = unpublish();
      if (!ready) {
        fail(std::move(ready.error()));
        break;
      }
      send_chunk(send, reader_->length(), reader_->digest(), reader_->take());
      break;
    }
    case SourceReader::Step::more:
      break;
    case SourceReader::Step::blocked:
      source_blocked_ = true;
      reader_->source().descriptor().async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                                SourceReadable{this});
      break;
    case SourceReader::Step::end:
      reader_->abandon();
      reading_.reset();
      chunks_ = sender_->chunks_started();
      sender_->on_source_end(*chunks_);
      observer_.on_source(options_.source, *chunks_, options_.chunk_size);
      break;
    case SourceReader::Step::failed:
      reading_.reset();
      fail(reader_->failure());
      break;
  }
}

// A chunk that its worker holds already as it is in the source now.
bool ScatterMaster::keep_chunk(const protocol::Send& send) {
  if (!sender_->holds(send, reader_->digest())) return false;
  sender_->on_kept(send, reader_->length());
  reader_->abandon();
  return true;
}

void ScatterMaster::SourceReadable::operator()(const boost::system::error_code& /*error*/) const {
  self->source_blocked_ = false;
  self->changed_.notify();
}

void ScatterMaster::send_chunk(const protocol::Send& send, Bytes length, std::uint64_t digest,
                               Lease lease) {
  wire::encode({.kind = wire::Kind::chunk,
                .job_id = job_id_,
                .chunk = send.chunk,
                .offset = plan::offset(send.chunk, options_.chunk_size),
                .length = length,
                .attempt = send.attempt,
                .payload_digest = digest},
               lease.header());
  const mpi::Operation operation =
      context_.isend(communicator_, std::move(lease), length.value, send.to, kDataTag);
  sender_->on_started(send, length, clock_.now());
  mpi::async_wait(context_, operation, ChunkSent{this, send.to, send.chunk, length});
  observer_.on_sent(send.chunk, send.to);
}

void ScatterMaster::ChunkSent::operator()(const mpi::ErrorCode& error,
                                          mpi::Completion completion) const {
  if (error) return self->fail(completion.failure(error));
  const bool keep =
      self->reader_->source().is_stream() && self->sender_->is_unacknowledged(to, chunk);
  self->sender_->on_send_complete(to, chunk);
  // A stream cannot be read again: its chunk stays until it is acknowledged.
  if (keep) {
    self->retained_.push_back({chunk, length, std::move(completion.lease)});
  }
  completion.lease.reset();
  self->changed_.notify();
}

void ScatterMaster::resend_retained(const protocol::Send& send) {
  const auto found = std::ranges::find(retained_, send.chunk, &Retained::chunk);
  if (found == retained_.end()) throw std::logic_error{"a chunk to be sent again was not kept"};
  const Bytes length = found->length;
  Lease lease = std::move(found->lease);
  retained_.erase(found);
  send_chunk(send, length, reader_->digests()[send.chunk.value], std::move(lease));
}

void ScatterMaster::drop_retained(ChunkIndex chunk) {
  std::erase_if(retained_, [chunk](const Retained& kept) { return kept.chunk == chunk; });
}

}  // namespace mpiferry::roles
