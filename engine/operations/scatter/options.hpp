// What a job is to do.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/job/chunk_limits.hpp"
#include "engine/job/environment.hpp"
#include "engine/job/file_options.hpp"
#include "engine/wire/job.hpp"

namespace mpiferry {

struct Options {
  std::string source = {};  // a path, or "-" for standard input; only the master looks at it
  std::string destination = "./uploaded_files";     // may contain {rank} and {host}
  Bytes chunk_size = 1_MiB;                         // 1 byte .. 1 GiB
  wire::Layout layout = wire::Layout::chunks;       // the files that chunks are written into
  std::optional<std::uint32_t> window = {};         // 1 .. 1024; job::ChunkLimits has the default
  std::optional<Bytes> memory = {};                 // at least a chunk; as above
  std::uint32_t retries = 3;                        // how often a damaged chunk is sent again
  std::chrono::milliseconds stall_timeout{60'000};  // 0: wait for ever
  bool fsync = false;                               // an ack means: durable
  // How chunks that must be durable get to the disk: through the page cache, or past it (O_DIRECT)
  // where the file system can do that. `automatic`: past it for chunks of 256 KiB and more.
  enum class Io : int { automatic, buffered, direct };
  Io io = Io::automatic;
  using SourceCheck = mpiferry::SourceCheck;
  SourceCheck source_check = SourceCheck::mtime;
  // The files at the destination get the source's modes, times and, where that is allowed, owner;
  // else only its permission bits, less the umask.
  bool preserve = false;
  using Sparse = mpiferry::Sparse;
  Sparse sparse = Sparse::automatic;
  bool force = false;  // replace another job's files at the destination
  // Go on with what lies at the destination: chunks that are there as they are in the source now
  // are kept, all others are sent. Not with force.
  bool resume = false;
  // Chunks that a worker cannot write go to others; the manifest says where they are.
  bool reroute = false;
  // Workers check chunks and acknowledge them, but write nothing, and the destination is not
  // looked at: what source, hashes and network can do. Not with fsync or force.
  bool discard = false;
  // Which build of the program this is; ranks that know of different ones refuse to work together.
  std::string build = {};
  // SIGINT and SIGTERM end the job in order. For programs that end with the job: the signals are
  // swallowed from then on.
  bool handle_signals = false;
  wire::Faults faults = {};  // played on request

  // What `io` comes to.
  bool direct() const noexcept;
  job::ChunkLimits limits() const noexcept;
  std::uint32_t effective_window() const noexcept { return limits().effective_window(); }
  job::SessionOptions session() const;
};

// invalid_argument with a detail that names the option and its range.
Outcome validate(const Options& options);

}  // namespace mpiferry
