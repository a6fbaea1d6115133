// A worker's half of a scatter: receives chunks, checks them, writes them, answers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/job/worker_half.hpp"
#include "engine/operations/scatter/ack_sender.hpp"
#include "engine/operations/scatter/capacity_check.hpp"
#include "engine/operations/scatter/chunk_store.hpp"
#include "engine/operations/scatter/publication.hpp"
#include "engine/operations/scatter/receive_slots.hpp"
#include "engine/operations/scatter/resumption.hpp"
#include "engine/operations/scatter/worker_destination.hpp"
#include "engine/protocol/receiver.hpp"

namespace mpiferry::operations {

class ScatterWorker final : public job::WorkerHalf {
 public:
  // The context outlives it.
  ScatterWorker(const job::WorkerContext& context, wire::Job job);
  // bad_field if the message is no job.
  static Result<std::unique_ptr<job::WorkerHalf>> make(const job::WorkerContext& context,
                                                       const job::Message& message);

  const std::string& master_host() const override { return job_.master.host; }
  std::chrono::milliseconds stall_timeout() const override { return job_.stall_timeout; }
  job::Task<Outcome> prepare() override;
  bool on_message(const job::Message& message) override;
  void on_tick() override { destination_.on_tick(); }
  void start() override;
  void on_end() override;
  bool receiving() const override { return slots_ && slots_->open() > 0; }
  bool answering() const override {
    return (acks_ && !acks_->idle()) || (resumption_ && resumption_->scanning());
  }
  job::Task<Outcome> publish(const wire::End& end) override;
  void finish() override;
  wire::Closed closed_message() const override;

 private:
  job::Task<Outcome> digest_stripe();
  Outcome name_files(const wire::End& end);
  void list_chunks(const wire::End& end, const LineSink& put) const;

  const job::WorkerContext& context_;
  const wire::Job job_;
  WorkerDestination destination_;  // outlives what writes into it
  Share kept_;                     // --resume: of its share so much lies here already
  std::shared_ptr<ChunkStore> store_;
  std::unique_ptr<Committer> committer_;  // until the slots have it
  std::optional<protocol::Receiver> receiver_;
  std::optional<AckSender> acks_;
  std::optional<Resumption> resumption_;
  std::optional<ReceiveSlots> slots_;
};

}  // namespace mpiferry::operations
