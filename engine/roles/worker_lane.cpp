// A lane is one posted receive: its buffer, and the chunk in it on its way to the disk. The window
// is as wide as there are lanes.
#include <algorithm>
#include <chrono>
#include <thread>

#include <boost/asio/error.hpp>

#include "engine/disk/chunk_name.hpp"
#include "engine/roles/source_reader.hpp"
#include "engine/roles/worker.hpp"

namespace mpiferry::roles {

Task<> Worker::lane(std::size_t index) {
  const auto directory = directory_;
  Lease lease;
  std::optional<wire::Ack> answer;
  for (bool posted = true;; posted = false) {
    // The receive first, the answer second: the credit that an ack returns is a posted receive.
    if (!posted && !end_) post_receive(index, std::move(lease));
    if (answer) acks_->give(*answer);
    answer.reset();
    if (!posted && end_) break;
    auto [error, completion] = co_await mpi::async_wait(context_, lanes_[index], kAsTuple);
    if (error) {
      if (error != boost::asio::error::operation_aborted) fail(completion.failure(error));
      break;
    }
    lease = std::move(completion.lease);

    const std::span<std::byte> message =
        lease.message(std::max(completion.bytes, kHeaderSize) - kHeaderSize)
            .first(completion.bytes);
    const auto header = wire::decode(message);
    if (!header) {
      fail(header.error());
      continue;
    }
    const flow::Order order = attendant_.on_message(header->kind);
    if (order == flow::Order::drop) continue;
    if (order == flow::Order::finish) {
      completion.lease = std::move(lease);
      const auto end = open_message(completion, job_id_);
      if (end) {
        take_end(*end);
        break;
      }
      fail(end.error());
      lease = std::move(completion.lease);
      continue;
    }
    if (order != flow::Order::deliver) {
      fail({.code = Errc::unexpected_message});
      continue;
    }
    const std::span<std::byte> payload = message.subspan(kHeaderSize);
    if (play_faults(*header, payload)) {
      // On request only (--fault): the disk is slow.
      boost::asio::steady_timer pause{io_, job_->faults.write_delay};
      co_await pause.async_wait(kAsTuple);
    }
    const auto step = receiver_->on_chunk(*header, wire::payload_matches(*header, message));
    if (const auto* violation = std::get_if<flow::Violation>(&step)) {
      fail({.code = violation->code});
      continue;
    }
    if (const auto* known = std::get_if<flow::Answer>(&step)) {
      answer = known->ack;
      continue;
    }

    if (job_->discard) {
      answer = receiver_->on_written(*header, wire::WriteCall::none, 0);
      continue;
    }

    const disk::ChunkName name{header->chunk};
    disk::OpenedPart part = directory->open_part(name.view(), job_id_, job_->direct);
    for (std::size_t at = 0; !part.error && !committer_ && at < payload.size(); at += kSlice) {
      if (at > 0) {
        const mpi::MpiContext::Awake awake{context_};
        co_await yield_turn(io_);
      }
      if (attendant_.dropping()) break;
      part.error = part.file.append(payload.subspan(at, std::min(kSlice, payload.size() - at)));
    }
    if (attendant_.dropping())
      continue;  // the part goes; what is not acknowledged was never promised
    if (!part.error && committer_) {
      Committer::Commit commit{.part = std::move(part.file), .payload = payload};
      committer_->give(commit);
      while (!commit.done) co_await committer_->wait();
      part.error = commit.error;
    } else if (!part.error) {
      part.error = part.file.publish(false);
    }
    answer = receiver_->on_written(*header, part.error.call, part.error.system_errno);
    if (!part.error) observer_.on_written(communicator_.rank(), header->chunk, directory_->path());
  }
  --open_lanes_;
  changed_.notify();
}

void Worker::post_receive(std::size_t index, Lease lease) {
  lanes_[index] = context_.irecv(communicator_, std::move(lease), kMaster, kDataTag);
}

// Damages or delays what arrived, as the job asks for. True if the write shall be delayed.
bool Worker::play_faults(const wire::Header& header, std::span<std::byte> payload) {
  const wire::Faults& faults = job_->faults;
  ++chunks_received_;
  if (faults.stall_rank == communicator_.rank() && chunks_received_ > faults.stall_after) {
    // Stuck as in a write to a dead file server: not even signals are heard.
    for (;;) std::this_thread::sleep_for(std::chrono::hours{1});
  }
  if (faults.corrupt_every != 0 && chunks_received_ % faults.corrupt_every == 0 &&
      (faults.corrupt_first == 0 || chunks_flipped_ < faults.corrupt_first) && !payload.empty()) {
    ++chunks_flipped_;
    payload[header.chunk.value % payload.size()] ^= std::byte{1};
  }
  return faults.write_delay.count() > 0;
}

}  // namespace mpiferry::roles
