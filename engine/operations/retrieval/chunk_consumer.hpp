// What becomes of the chunks that are read back: written into a file (gather), or compared
// (verify).
#pragma once

#include <optional>

#include "engine/base/buffer_pool.hpp"
#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/operations/retrieval/discrepancy.hpp"

namespace mpiferry::operations {

class RetrievalMaster;

class ChunkConsumer {
 public:
  ChunkConsumer() = default;
  ChunkConsumer(const ChunkConsumer&) = delete;
  ChunkConsumer& operator=(const ChunkConsumer&) = delete;
  virtual ~ChunkConsumer() = default;

  // The chunks themselves are wanted, not only their digests.
  virtual bool wants_chunks() const = 0;
  // Rank 0 has other things to do: it reads only what nobody else sees (plan::ChunkLocations).
  virtual bool spares_master() const = 0;

  // Once the manifest is read: what else has to be found out before the job is sent.
  virtual Outcome open(RetrievalMaster& retrieval) = 0;
  // A chunk is as it was scattered. `lease` holds it if chunks are wanted, and
  // RetrievalMaster::on_stored is to be called when it is free again.
  virtual void accept(ChunkIndex chunk, Bytes length, Lease lease) = 0;
  // A chunk is not, wherever it was looked for; or a file has no place there.
  virtual void reject(Discrepancy discrepancy) = 0;
  virtual void on_extra(Discrepancy discrepancy) = 0;
  // A slice of other work. False if there is none now.
  virtual bool work() = 0;
  virtual bool working() const = 0;
  // How far other work has come that reads as much, if there is some: progress is that of both.
  virtual std::optional<Bytes> also_read() const { return std::nullopt; }
  // All chunks are accepted or rejected, and no work is left.
  virtual void conclude() = 0;
  // job::MasterHalf::publish.
  virtual Outcome publish() { return Nothing{}; }
};

}  // namespace mpiferry::operations
