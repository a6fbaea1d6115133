// A lane is one posted receive: its buffer, and the chunk in it on its way to the disk. The window
// is as wide as there are lanes.
#include <algorithm>

#include <boost/asio/error.hpp>

#include "engine/disk/chunk_name.hpp"
#include "engine/roles/publication.hpp"
#include "engine/roles/scatter_worker.hpp"
#include "engine/roles/source_reader.hpp"

namespace mpiferry::roles {

Task<> ScatterWorker::slot(std::size_t index) {
  const auto directory = directory_;
  const auto store = store_;
  Lease lease;
  std::optional<wire::Ack> answer;
  for (bool posted = true;; posted = false) {
    // The receive first, the answer second: the credit that an ack returns is a posted receive.
    const bool ended = post_.fsm.ended();
    if (!posted && !ended) post_receive(index, std::move(lease));
    if (answer) acks_->give(*answer);
    answer.reset();
    if (!posted && ended) break;
    auto [error, completion] =
        co_await mpi::async_wait(post_.context, receive_slots_[index], kAsTuple);
    if (error) {
      if (error != boost::asio::error::operation_aborted) post_.fail(completion.failure(error));
      break;
    }
    const auto message = read_message(completion, 0);  // the Receiver looks at the job id
    lease = std::move(completion.lease);
    if (!message) {
      post_.fail(message.error());
      continue;
    }
    const protocol::Order order = post_.fsm.on_message(message->header.kind);
    if (order == protocol::Order::drop) continue;
    if (order == protocol::Order::finish) {
      if (message->header.job_id != post_.job_id || !message->intact()) {
        post_.fail(
            {.code = message->intact() ? Errc::unexpected_message : Errc::bad_payload_digest});
        continue;
      }
      post_.take_end(*message);
      break;
    }
    if (order != protocol::Order::deliver) {
      post_.fail({.code = Errc::unexpected_message});
      continue;
    }
    const wire::Header& header = message->header;
    faults_.play(header.chunk, message->payload);
    if (job_.faults.write_delay.count() > 0) {
      // On request only (--fault): the disk is slow.
      boost::asio::steady_timer pause{post_.context.io(), job_.faults.write_delay};
      co_await pause.async_wait(kAsTuple);
    }
    const auto step = receiver_->on_chunk(header, message->intact());
    if (const auto* violation = std::get_if<protocol::Violation>(&step)) {
      post_.fail({.code = violation->code});
      continue;
    }
    if (const auto* known = std::get_if<protocol::Answer>(&step)) {
      answer = known->ack;
      continue;
    }
    if (job_.discard) {
      answer = receiver_->on_written(header, wire::WriteCall::none, 0);
      continue;
    }

    if (Outcome unpublished = unpublish(); !unpublished) {
      post_.fail(std::move(unpublished.error()));
      continue;
    }
    auto slot = store->slot(header.chunk);
    if (!slot) {
      post_.fail(std::move(slot.error()));
      continue;
    }
    disk::WriteError failed = slot->error();
    if (committer_ && !failed) {
      Committer::Commit commit{.slot = std::move(*slot), .payload = message->payload};
      committer_->give(commit);
      while (!commit.done) co_await committer_->wait();
      failed = commit.slot.error();
    } else {
      for (std::size_t at = 0; at < message->payload.size(); at += kSlice) {
        if (at > 0) {
          const mpi::MpiContext::BusyGuard awake{post_.context};
          co_await yield_turn(post_.context.io());
        }
        if (post_.fsm.dropping()) break;
        slot->append(message->payload.subspan(at, std::min(kSlice, message->payload.size() - at)));
      }
      // The part goes; what is not acknowledged was never promised.
      if (post_.fsm.dropping()) continue;
      slot->publish();
      failed = slot->error();
    }
    if (failed) unwritable_ = true;
    if (!failed) store->on_written(header.chunk, message->payload);
    answer = receiver_->on_written(header, failed.call, failed.system_errno);
    show(header.chunk, failed);
  }
  --open_slots_;
  post_.changed.notify();
}

// What became of a chunk, to those who watch.
void ScatterWorker::show(ChunkIndex chunk, const disk::WriteError& error) const {
  const disk::ChunkName own{chunk};
  const std::string_view file = store_->has_own_file(chunk) ? own.view() : store_->file_name();
  if (error) {
    post_.observer.on_failure(
        post_.self(), write_failure(directory_->path(), file, error.call, error.system_errno));
  } else {
    post_.observer.on_written(post_.self(), chunk, directory_->path(), file);
  }
}

void ScatterWorker::post_receive(std::size_t index, Lease lease) {
  receive_slots_[index] =
      post_.context.irecv(post_.communicator, std::move(lease), kMaster, kDataTag);
}

}  // namespace mpiferry::roles
