// The master's way out: source to buffer to Isend.
#include <algorithm>
#include <utility>

#include "engine/plan/chunk_plan.hpp"
#include "tests/sim/master.hpp"
#include "tests/sim/message.hpp"

namespace mpiferry::sim {
void Master::begin_transfer() {
  transferring_ = true;
  transfer_began_ = setting_.world.now();
  sender_.emplace(protocol::SenderConfig{.workers = setting_.scenario.workers,
                                         .window = setting_.scenario.effective_window(),
                                         .retries = setting_.scenario.retries,
                                         .buffers = chunk_pool_.capacity(),
                                         .stall_timeout = setting_.scenario.stall_timeout,
                                         .chunks = chunks_,
                                         .held_chunks = held_chunks_ ? &*held_chunks_ : nullptr,
                                         .reroute = setting_.scenario.reroute,
                                         .retain = setting_.scenario.stream});
  setting_.auditor.on_transfer_began();
  if (held_chunks_) held_chunks_->begin(now());
}

Master::Turn Master::take_turn() {
  const protocol::Action action = sender_->next();
  if (std::holds_alternative<protocol::Done>(action)) return Turn::done;
  return advance(action) ? Turn::more : Turn::blocked;
}

// One step towards what the protocol wants. False if nothing can be done before something changes.
bool Master::advance(const protocol::Action& action) {
  const auto* send = std::get_if<protocol::Send>(&action);
  // The chunk that is being read has the promise of a place in a window: no stray takes it.
  if (send != nullptr && (send->attempt > 0 || (send->again && !reading_)) &&
      setting_.scenario.stream) {
    resend_retained(*send);
    return true;
  }
  if (!reading_) {
    if (send == nullptr) return false;
    reading_ = *send;
    reader_.begin(send->chunk, chunk_pool_.acquire());
  }
  if (source_blocked_) return false;
  read_on();
  return true;
}

void Master::read_on() {
  switch (reader_.step()) {
    case Reader::Step::ready: {
      const protocol::Send send = *std::exchange(reading_, std::nullopt);
      Buffer& buffer = reader_.take();
      setting_.auditor.on_chunk_read(send.chunk, buffer.payload());
      if (keep_chunk(send, buffer)) return;
      disk_.remove(kManifestFile);  // of an earlier job: it is true no more
      return send_chunk(send, buffer);
    }
    case Reader::Step::more:
      return;
    case Reader::Step::blocked:
      source_blocked_ = true;
      return setting_.world.after(reader_.source().silence(), kMaster, [this] {
        source_blocked_ = false;
        wake();
      });
    case Reader::Step::end:
      chunk_pool_.release(reader_.take());
      reading_.reset();
      chunks_ = sender_->chunks_started();
      return sender_->on_source_end(*chunks_);
    case Reader::Step::failed:
      chunk_pool_.release(reader_.take());
      reading_.reset();
      return fail({.code = reader_.failure(), .rank = kMaster});
  }
}

// A chunk that its worker holds already as it is in the source now.
bool Master::keep_chunk(const protocol::Send& send, Buffer& buffer) {
  if (!sender_->holds(send, reader_.digest_of(send.chunk))) return false;
  setting_.trace("chunk {} is there", send.chunk.value);
  setting_.auditor.on_chunk_kept(send.chunk);
  sender_->on_kept(send, Bytes{buffer.payload().size()});
  chunk_pool_.release(buffer);
  return true;
}

void Master::send_chunk(const protocol::Send& send, Buffer& buffer) {
  const Bytes length{buffer.bytes().size() - kHeaderSize};
  const wire::Header header{.kind = wire::Kind::chunk,
                            .job_id = kJobId,
                            .chunk = send.chunk,
                            .offset = plan::offset(send.chunk, setting_.scenario.chunk_size),
                            .length = length,
                            .attempt = send.attempt,
                            .payload_digest = reader_.digest_of(send.chunk)};
  wire::encode(header, std::span{buffer.bytes()}.first<kHeaderSize>());
  setting_.auditor.on_chunk_posted(header, send.to);
  setting_.network.isend(kMaster, send.to, wire::Tag::data, buffer,
                         [this, to = send.to, chunk = send.chunk, &buffer](bool sent) {
                           on_sent(to, chunk, buffer, sent);
                         });
  sender_->on_started(send, length, now());
}

void Master::on_sent(Rank to, ChunkIndex chunk, Buffer& buffer, bool sent) {
  if (!sent) return fail({.code = Errc::mpi_failed});
  // A stream cannot be read again: its chunk stays until it is acknowledged.
  const bool keep = setting_.scenario.stream && sender_->is_unacknowledged(to, chunk);
  sender_->on_send_complete(to, chunk);
  if (keep) {
    retained_.push_back({chunk, &buffer});
  } else {
    chunk_pool_.release(buffer);
  }
  wake();
}

void Master::resend_retained(const protocol::Send& send) {
  const auto found = std::ranges::find(retained_, send.chunk, &Retained::chunk);
  require(found != retained_.end(), Invariant::memory,
          "chunk {} is to be sent again and was not kept", send.chunk.value);
  Buffer& buffer = *found->buffer;
  retained_.erase(found);
  send_chunk(send, buffer);
}

void Master::drop_retained(ChunkIndex chunk) {
  const auto found = std::ranges::find(retained_, chunk, &Retained::chunk);
  if (found == retained_.end()) return;
  chunk_pool_.release(*found->buffer);
  retained_.erase(found);
}

}  // namespace mpiferry::sim
