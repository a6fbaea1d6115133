// A lane is one posted receive: its buffer, and the chunk in it on its way to the disk.
#include <algorithm>
#include <utility>

#include "tests/sim/message.hpp"
#include "tests/sim/worker.hpp"

namespace mpiferry::sim {
namespace {

// Between two slices of a chunk everyone else has a turn (engine/job/source_reader.hpp).
constexpr std::size_t kSlice = 16;

}  // namespace

void Worker::post_receive(std::size_t slot) {
  receive_slots_[slot].receive =
      setting_.network.irecv(self_, kMaster, wire::Tag::data, *receive_slots_[slot].buffer,
                             [this, slot](const Arrival& arrival) { on_message(slot, arrival); });
}

void Worker::on_message(std::size_t slot, const Arrival& arrival) {
  if (arrival.cancelled) return close_slot(slot);
  ReceiveSlot& it = receive_slots_[slot];
  const auto& message = it.buffer->bytes();
  const auto header = wire::decode(message);
  if (!header) {
    fail(header.error());
    return next(slot);
  }
  const protocol::Order order = fsm_.on_message(header->kind);
  if (order == protocol::Order::drop) return next(slot);
  if (order == protocol::Order::finish) {
    const auto end = open_message(message, job_id_);
    if (end) {
      take_end(end->payload);
      return close_slot(slot);
    }
    fail(end.error());
    return next(slot);
  }
  if (order != protocol::Order::deliver) {
    fail({.code = Errc::unexpected_message});
    return next(slot);
  }
  const auto step = receiver_->on_chunk(*header, wire::payload_matches(*header, message));
  if (const auto* violation = std::get_if<protocol::Violation>(&step)) {
    fail({.code = violation->code});
    return next(slot);
  }
  if (const auto* known = std::get_if<protocol::Answer>(&step)) return next(slot, known->ack);
  setting_.auditor.on_write_begun(self_, end_ ? std::optional{end_->verdict} : std::nullopt,
                                  fsm_.failed());
  it.header = *header;
  if (job_->discard) {
    return next(slot, receiver_->on_written(it.header, wire::WriteCall::none, 0));
  }
  write(slot);
}

// The receive first, the answer second: the credit that an ack returns is a posted receive.
void Worker::next(std::size_t slot, std::optional<wire::Ack> answer) {
  if (!end_) post_receive(slot);
  if (answer) acks_->give(*answer);
  if (end_) close_slot(slot);
}

void Worker::close_slot(std::size_t /*lane*/) {
  --open_slots_;
  look();
}

void Worker::write(std::size_t slot) {
  block(disk_.delay(), [this, slot] {
    ReceiveSlot& it = receive_slots_[slot];
    it.written = 0;
    const DiskError error = disk_.open(&it.part);
    if (fsm_.dropping()) return next(slot);
    if (error) return on_written(slot, error);
    if (!committer_) return write_slice(slot);
    committer_->give(it.part, it.buffer->payload(), it.header.chunk.value,
                     [this, slot](const DiskError& committed) { on_written(slot, committed); });
  });
}

void Worker::write_slice(std::size_t slot) {
  block(disk_.delay(), [this, slot] {
    ReceiveSlot& it = receive_slots_[slot];
    if (fsm_.dropping()) return next(slot);  // what is not acknowledged was never promised
    const auto payload = std::span{it.buffer->payload()};
    const auto slice = payload.subspan(it.written, std::min(kSlice, payload.size() - it.written));
    if (const DiskError error = disk_.append(*it.part, slice)) return on_written(slot, error);
    it.written += slice.size();
    if (it.written < payload.size()) return write_slice(slot);
    on_written(slot, disk_.rename(it.part, it.header.chunk.value));
  });
}

void Worker::on_written(std::size_t slot, const DiskError& error) {
  unwritable_ |= static_cast<bool>(error);
  next(slot, receiver_->on_written(receive_slots_[slot].header, error.call, error.system_errno));
}

}  // namespace mpiferry::sim
