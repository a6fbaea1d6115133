#include "engine/operations/scatter/receive_slots.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <boost/asio/error.hpp>

#include "engine/disk/file_name.hpp"
#include "engine/job/source_reader.hpp"
#include "engine/operations/scatter/publication.hpp"

namespace mpiferry::operations {

using job::kSlice;
using job::Task;

ReceiveSlots::ReceiveSlots(const job::WorkerContext& context, const wire::Job& job,
                           protocol::Receiver& receiver, AckSender& acks,
                           std::shared_ptr<ChunkStore> store, std::unique_ptr<Committer> committer,
                           BeforeWrite before_write)
    : context_(context),
      job_(job),
      receiver_(receiver),
      acks_(acks),
      store_(std::move(store)),
      before_write_(std::move(before_write)),
      // A slot's buffer also takes the end.
      pool_(std::max(job.chunk_size, wire::kControlPayload), job.window),
      operations_(job.window),
      open_(job.window),
      faults_(job.faults, context.self()),
      committer_(std::move(committer)) {}

void ReceiveSlots::start() {
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    post(i, *pool_.try_acquire());
    boost::asio::co_spawn(context_.io(), serve(i), job::Rethrow{});
  }
}

void ReceiveSlots::cancel() {
  for (const job::Operation& operation : operations_) context_.transport().cancel(operation);
}

void ReceiveSlots::post(std::size_t index, Lease lease) {
  operations_[index] =
      context_.transport().irecv(std::move(lease), context_.upstream(), job::kDataTag);
}

Task<> ReceiveSlots::serve(std::size_t index) {
  const auto store = store_;
  Lease lease;
  std::optional<wire::Ack> answer;
  for (bool posted = true;; posted = false) {
    // The receive first, the answer second: the credit that an ack returns is a posted receive.
    const bool ended = context_.fsm.ended();
    if (!posted && !ended) post(index, std::move(lease));
    if (answer) acks_.give(*answer);
    answer.reset();
    if (!posted && ended) break;
    auto [error, completion] =
        co_await async_wait(context_.transport(), operations_[index], job::kAsTuple);
    if (error) {
      if (error != boost::asio::error::operation_aborted) context_.fail(completion.failure(error));
      break;
    }
    const auto message = job::read_message(completion, 0);  // the Receiver looks at the job id
    lease = std::move(completion.lease);
    const protocol::Order order = context_.judge(message);
    if (order == protocol::Order::finish) break;
    if (order != protocol::Order::deliver) continue;
    faults_.play(message->header.chunk, message->payload);
    if (job_.faults.write_delay.count() > 0) {  // on request only (--fault): the disk is slow
      clock::Timer pause{context_.environment.clock, context_.io()};
      co_await pause.async_wait(job_.faults.write_delay, job::kAsTuple);
    }
    if (!is_to_be_written(*message, answer) || context_.fsm.dropping()) continue;
    auto slot = open_slot(message->header.chunk);
    if (!slot) continue;
    if (committer_ && !slot->error()) {
      Committer::Commit commit{.slot = std::move(*slot), .payload = message->payload};
      committer_->give(commit);
      while (!commit.done) co_await committer_->wait();
      answer = on_written(*message, commit.slot.error());
      continue;
    }
    for (std::size_t at = 0; at < message->payload.size(); at += kSlice) {
      if (at > 0) {
        const transport::BusyGuard busy{context_.transport()};
        co_await job::yield_turn(context_.io());
      }
      if (context_.fsm.dropping()) break;
      slot->append(message->payload.subspan(at, std::min(kSlice, message->payload.size() - at)));
    }
    // The partial file goes; what is not acknowledged was never promised.
    if (context_.fsm.dropping()) continue;
    slot->publish();
    answer = on_written(*message, slot->error());
  }
  --open_;
  context_.changed.notify();
}

// If not, `answer` is its ack: it is damaged, known, or discarded. None for a copy of what is being
// written, and for a chunk that makes this worker fail.
bool ReceiveSlots::is_to_be_written(const job::Message& message, std::optional<wire::Ack>& answer) {
  const auto step = receiver_.on_chunk(message.header, message.intact());
  if (const auto* violation = std::get_if<protocol::Violation>(&step)) {
    context_.fail({.code = violation->code});
  } else if (const auto* known = std::get_if<protocol::Answer>(&step)) {
    answer = known->ack;
  } else if (std::holds_alternative<protocol::Write>(step)) {
    if (store_ && store_->writes(message.header.chunk)) return true;
    answer = receiver_.on_written(message.header, wire::WriteCall::none, 0);
  }
  return false;
}

std::optional<disk::ChunkSlot> ReceiveSlots::open_slot(ChunkIndex chunk) {
  if (Outcome ready = before_write_(); !ready) {
    context_.fail(std::move(ready.error()));
    return std::nullopt;
  }
  auto slot = store_->slot(chunk);
  if (slot) return std::move(*slot);
  context_.fail(std::move(slot.error()));
  return std::nullopt;
}

wire::Ack ReceiveSlots::on_written(const job::Message& message, const disk::WriteError& error) {
  if (error) {
    unwritable_ = true;
  } else {
    store_->on_written(message.header.chunk, message.payload);
  }
  const wire::Ack ack = receiver_.on_written(message.header, error.call, error.system_errno);
  show(message.header.chunk, error);
  return ack;
}

// What became of a chunk, to those who watch.
void ReceiveSlots::show(ChunkIndex chunk, const disk::WriteError& error) const {
  const disk::ChunkName own{chunk};
  const std::string_view file = store_->has_own_file(chunk) ? own.view() : store_->file_name();
  const std::string& directory = store_->directory().path();
  if (error) {
    context_.observer.on_failure(context_.self(),
                                 write_failure(directory, file, error.call, error.system_errno));
  } else {
    context_.observer.on_written(context_.self(), chunk, directory, file);
  }
}

}  // namespace mpiferry::operations
