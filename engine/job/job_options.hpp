// How a job is done, whatever the operation.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/job/environment.hpp"
#include "engine/wire/job.hpp"

namespace mpiferry {

// Each operation's options have one inside.
struct JobOptions {
  // Chunks in flight to one rank, or asked of it, at a time: 1 .. 1024; and the most bytes of
  // chunks that one rank holds: room for a chunk at least; a gather holds two, whatever this is.
  // job::ChunkLimits has the defaults.
  std::optional<std::uint32_t> window = {};
  std::optional<Bytes> memory = {};
  std::uint32_t retries = 3;  // how often a chunk that arrived damaged is sent, or asked for, again
  std::chrono::milliseconds stall_timeout{60'000};  // 0: wait for ever
  // Which build of the program this is; ranks that know of different ones refuse to work together.
  std::string build = {};
  // SIGINT and SIGTERM end the job in order. For programs that end with the job: the signals are
  // swallowed from then on.
  bool handle_signals = false;
  wire::Faults faults = {};  // played on request

  // What of it is the sessions'.
  job::SessionOptions session() const {
    return {.stall_timeout = stall_timeout, .build = build, .handle_signals = handle_signals};
  }
};

// invalid_argument: a window or a stall timeout that is out of range.
Outcome validate(const JobOptions& options);
// invalid_argument if the memory is set and has no room for a chunk.
Outcome check_memory(const JobOptions& options, Bytes chunk_size);

}  // namespace mpiferry
