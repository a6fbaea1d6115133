// What the workers hold already: the master's book of a job that goes on where another one ended.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "engine/base/units.hpp"
#include "engine/plan/distribution.hpp"
#include "engine/protocol/clock.hpp"
#include "engine/protocol/stall.hpp"
#include "engine/wire/held_chunks_message.hpp"

namespace mpiferry::protocol {

// Not thread-safe.
class HeldChunks {
 public:
  // `chunks`: of the source; of a stream as many as there may be.
  explicit HeldChunks(std::uint32_t workers, std::uint64_t chunks = kMaxChunks)
      : workers_(workers), chunks_(chunks) {}

  // The workers may report from now on.
  void begin(Time now);
  // False if it cannot be, and then nothing has changed: chunks of another worker or beyond the
  // source, or a worker that goes back. Reports may overtake each other.
  bool on_report(Rank worker, const wire::HeldChunksMessage& report, Time now);

  // Its worker has looked for this chunk.
  bool knows(ChunkIndex chunk) const noexcept;
  // Its worker has found a chunk of its length in its place.
  bool finds(ChunkIndex chunk) const noexcept;
  // Its worker has found these bytes in its place.
  bool holds(ChunkIndex chunk, std::uint64_t digest) const noexcept;

  // The worker that has not told all, and has said nothing for the longest time, if that is longer
  // than `patience`; 0: it may take for ever.
  std::optional<Stall> late(Time now, Duration patience) const;
  // All that have not, and have said nothing for longer than that; by rank.
  std::vector<Stall> silent(Time now, Duration longer_than) const;

 private:
  plan::Distribution distribution() const noexcept;
  bool can_be(Rank worker, const wire::HeldChunksMessage& report) const;

  struct Worker {
    std::uint64_t looked_at = 0;                   // without a gap
    std::map<std::uint64_t, std::uint64_t> early;  // beyond one: first and end
    Time last_report;
  };
  std::vector<Worker> workers_;  // worker r at r - 1
  std::uint64_t chunks_;
  std::vector<bool> held_;  // by chunk
  std::vector<std::uint64_t> digests_;
};

}  // namespace mpiferry::protocol
