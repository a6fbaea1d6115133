// A lane is one posted receive: its buffer, and the chunk in it on its way to the disk.
#include <algorithm>
#include <utility>

#include "tests/sim/message.hpp"
#include "tests/sim/worker.hpp"

namespace mpiferry::sim {
namespace {

// Between two slices of a chunk everyone else has a turn (engine/roles/source_reader.hpp).
constexpr std::size_t kSlice = 16;

}  // namespace

void Worker::post_receive(std::size_t lane) {
  lanes_[lane].receive =
      setting_.network.irecv(self_, kMaster, wire::Tag::data, *lanes_[lane].buffer,
                             [this, lane](const Arrival& arrival) { on_message(lane, arrival); });
}

void Worker::on_message(std::size_t lane, const Arrival& arrival) {
  if (arrival.cancelled) return close_lane(lane);
  Lane& it = lanes_[lane];
  const auto& message = it.buffer->bytes();
  const auto header = wire::decode(message);
  if (!header) {
    fail(header.error());
    return next(lane);
  }
  const flow::Order order = attendant_.on_message(header->kind);
  if (order == flow::Order::drop) return next(lane);
  if (order == flow::Order::finish) {
    const auto end = open_message(message, job_id_);
    if (end) {
      take_end(end->payload);
      return close_lane(lane);
    }
    fail(end.error());
    return next(lane);
  }
  if (order != flow::Order::deliver) {
    fail({.code = Errc::unexpected_message});
    return next(lane);
  }
  const auto step = receiver_->on_chunk(*header, wire::payload_matches(*header, message));
  if (const auto* violation = std::get_if<flow::Violation>(&step)) {
    fail({.code = violation->code});
    return next(lane);
  }
  if (const auto* known = std::get_if<flow::Answer>(&step)) return next(lane, known->ack);
  setting_.auditor.on_write_begun(self_, end_ ? std::optional{end_->verdict} : std::nullopt,
                                  attendant_.failed());
  it.header = *header;
  if (job_->discard) {
    return next(lane, receiver_->on_written(it.header, wire::WriteCall::none, 0));
  }
  write(lane);
}

// The receive first, the answer second: the credit that an ack returns is a posted receive.
void Worker::next(std::size_t lane, std::optional<wire::Ack> answer) {
  if (!end_) post_receive(lane);
  if (answer) acks_->give(*answer);
  if (end_) close_lane(lane);
}

void Worker::close_lane(std::size_t /*lane*/) {
  --open_lanes_;
  look();
}

void Worker::write(std::size_t lane) {
  block(disk_.delay(), [this, lane] {
    Lane& it = lanes_[lane];
    it.written = 0;
    const DiskError error = disk_.open(&it.part);
    if (attendant_.dropping()) return next(lane);
    if (error) return on_written(lane, error);
    if (!committer_) return write_slice(lane);
    committer_->give(it.part, it.buffer->payload(), it.header.chunk.value,
                     [this, lane](const DiskError& committed) { on_written(lane, committed); });
  });
}

void Worker::write_slice(std::size_t lane) {
  block(disk_.delay(), [this, lane] {
    Lane& it = lanes_[lane];
    if (attendant_.dropping()) return next(lane);  // what is not acknowledged was never promised
    const auto payload = std::span{it.buffer->payload()};
    const auto slice = payload.subspan(it.written, std::min(kSlice, payload.size() - it.written));
    if (const DiskError error = disk_.append(*it.part, slice)) return on_written(lane, error);
    it.written += slice.size();
    if (it.written < payload.size()) return write_slice(lane);
    on_written(lane, disk_.rename(it.part, it.header.chunk.value));
  });
}

void Worker::on_written(std::size_t lane, const DiskError& error) {
  unwritable_ |= static_cast<bool>(error);
  next(lane, receiver_->on_written(lanes_[lane].header, error.call, error.system_errno));
}

}  // namespace mpiferry::sim
