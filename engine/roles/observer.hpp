// What a caller may watch while a job runs. Each function is called from the thread of run(), on
// the rank that it speaks of; it must be quick and must not throw.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

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
  // Master.
  virtual void on_source(const std::string& /*source*/, std::uint64_t /*chunks*/) {}
  virtual void on_sent(ChunkIndex /*chunk*/, Rank /*to*/) {}
  virtual void on_status(Rank /*from*/, bool /*written*/) {}
  virtual void on_progress(const Progress& /*progress*/) {}  // some ten times a second
  // Worker.
  virtual void on_written(Rank /*self*/, ChunkIndex /*chunk*/, const std::string& /*directory*/) {}
  virtual void on_end(Rank /*self*/) {}
};

}  // namespace mpiferry
