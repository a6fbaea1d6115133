// A worker's posted receives: each has a buffer, and the chunk in it on its way to the disk. The
// window is as wide as there are slots.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/buffer_pool.hpp"
#include "engine/job/fault_player.hpp"
#include "engine/job/worker_half.hpp"
#include "engine/operations/scatter/ack_sender.hpp"
#include "engine/operations/scatter/chunk_store.hpp"
#include "engine/operations/scatter/committer.hpp"
#include "engine/protocol/receiver.hpp"

namespace mpiferry::operations {

// Not thread-safe. What it refers to outlives it.
class ReceiveSlots {
 public:
  // Is asked before the first chunk changes what lies here.
  using BeforeWrite = std::function<Outcome()>;

  // Without a store chunks are discarded once they are checked. The committer is --fsync's.
  ReceiveSlots(const job::WorkerContext& context, const wire::Job& job,
               protocol::Receiver& receiver, AckSender& acks, std::shared_ptr<ChunkStore> store,
               std::unique_ptr<Committer> committer, BeforeWrite before_write);

  // Posts a receive for each slot.
  void start();
  // The end has come: cancels the receives; what has arrived is written.
  void cancel();
  // Slots that have not ended.
  std::size_t open() const noexcept { return open_; }
  // A chunk could not be written.
  bool unwritable() const noexcept { return unwritable_; }

 private:
  job::Task<> serve(std::size_t index);
  void post(std::size_t index, Lease lease);
  bool is_to_be_written(const job::Message& message, std::optional<wire::Ack>& answer);
  std::optional<disk::ChunkSlot> open_slot(ChunkIndex chunk);
  wire::Ack on_written(const job::Message& message, const disk::WriteError& error);
  void show(ChunkIndex chunk, const disk::WriteError& error) const;

  const job::WorkerContext& context_;
  const wire::Job& job_;
  protocol::Receiver& receiver_;
  AckSender& acks_;
  // Shared with the slots' coroutines, which may outlive this: a partial file must not outlive its
  // directory.
  std::shared_ptr<ChunkStore> store_;
  BeforeWrite before_write_;
  BufferPool pool_;
  std::vector<job::Operation> operations_;
  std::size_t open_ = 0;
  bool unwritable_ = false;
  job::FaultPlayer faults_;
  std::unique_ptr<Committer> committer_;  // with --fsync
};

}  // namespace mpiferry::operations
