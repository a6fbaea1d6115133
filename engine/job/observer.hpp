// What a caller may watch while a job runs. Each function is called from the thread of run(), on
// the rank that it speaks of; it must be quick and must not throw.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/failure.hpp"
#include "engine/base/result.hpp"
#include "engine/base/units.hpp"

namespace mpiferry {

struct Progress {
  Bytes moved = {};                // sent and acknowledged; of a gather or verify: read, and right
  std::uint64_t chunks_moved = 0;  // that many chunks
  Bytes kept = {};                 // resume: compared with the source only, not sent
  std::uint64_t chunks_kept = 0;
  std::optional<Bytes> total = {};  // of all that is to be moved or kept; nothing: a stream
  std::size_t in_flight = 0;        // chunks, all workers
  std::chrono::nanoseconds elapsed{};
};

class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;

  // Master, before anything is done: a failure is the job's.
  virtual Outcome on_begin() { return Nothing{}; }
  // Master. All chunks but the last have `chunk_size` bytes.
  virtual void on_source(const std::string& /*source*/, std::uint64_t /*chunks*/,
                         Bytes /*chunk_size*/) {}
  virtual void on_sent(ChunkIndex /*chunk*/, Rank /*to*/) {}
  virtual void on_status(Rank /*from*/, bool /*written*/) {}
  virtual void on_progress(const Progress& /*progress*/) {}  // some ten times a second
  // Master of a gather or verify: what the manifest says of the source.
  virtual void on_manifest(const std::string& /*source*/, std::uint64_t /*chunks*/,
                           Bytes /*chunk_size*/) {}
  // The chunk is, or is not, as it was scattered; no rank sees it if `from` is kNoRank.
  virtual void on_checked(ChunkIndex /*chunk*/, Rank /*from*/, bool /*intact*/) {}
  // Worker.
  virtual void on_written(Rank /*self*/, ChunkIndex /*chunk*/, const std::string& /*directory*/,
                          std::string_view /*file*/) {}
  // This worker's own failure; a chunk that it could not write is one, too.
  virtual void on_failure(Rank /*self*/, const Failure& /*failure*/) {}
  virtual void on_end(Rank /*self*/) {}
};

}  // namespace mpiferry
