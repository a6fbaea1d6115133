// A worker's part in a job that resumes: say what lies here, and remove what has no place any more.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "engine/base/buffer_pool.hpp"
#include "engine/job/task.hpp"
#include "engine/job/worker_half.hpp"
#include "engine/operations/scatter/capacity_check.hpp"
#include "engine/operations/scatter/chunk_store.hpp"
#include "engine/operations/scatter/worker_destination.hpp"
#include "engine/plan/distribution.hpp"
#include "engine/protocol/receiver.hpp"
#include "engine/wire/held_chunks_message.hpp"

namespace mpiferry::operations {

// What of this worker's share lies in the directory already, so that a job that cannot fit is
// refused before anything of the earlier one changes.
job::Task<Share> kept_share(const job::WorkerContext& context, const wire::Job& job,
                            WorkerDestination& destination);

// Not thread-safe. What it refers to outlives it.
class Resumption {
 public:
  Resumption(const job::WorkerContext& context, const wire::Job& job,
             const WorkerDestination& destination, protocol::Receiver& receiver,
             std::shared_ptr<ChunkStore> store);

  // Looks at what lies here, chunk by chunk, in the order in which the master will want to know,
  // and tells it.
  job::Task<> scan();
  // Or something is still on its way.
  bool scanning() const noexcept { return scanning_ || reports_.in_use() > 0; }

  // After a good end: what was kept has its say, what has no place any more is removed.
  // `unwritable`: one that cannot write cannot remove either; the manifest knows where its chunks
  // are.
  job::Task<Outcome> settle(const wire::End& end, bool unwritable);
  // Then, with --fsync: what was kept is durable. Blocks.
  Outcome sync_kept() const;

 private:
  struct Sent {
    Resumption* self;
    void operator()(const job::ErrorCode& error, job::Completion completion) const;
  };
  job::Task<std::optional<std::uint64_t>> inspect(ChunkIndex chunk, std::span<std::byte> buffer);
  job::Task<bool> report(const wire::HeldChunksMessage& held);
  std::uint64_t last_to_look_at() const;
  std::optional<Bytes> length_of(ChunkIndex chunk) const;
  void count_kept(std::uint64_t chunks);
  job::Task<Outcome> stamp_kept(std::uint64_t chunks);
  job::Task<Outcome> remove_stale(const wire::End& end);
  bool is_stale(const wire::End& end, disk::FileKind kind,
                std::optional<std::uint64_t> number) const;

  const job::WorkerContext& context_;
  const wire::Job& job_;
  const plan::Distribution distribution_;
  const WorkerDestination& destination_;
  protocol::Receiver& receiver_;
  std::shared_ptr<ChunkStore> store_;
  BufferPool reports_;
  bool scanning_ = true;
  std::pair<ChunkIndex, Bytes> short_;  // the last chunk that was found with less than a whole one
};

}  // namespace mpiferry::operations
