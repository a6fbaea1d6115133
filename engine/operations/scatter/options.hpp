// What is to be scattered, and how.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/job/chunk_limits.hpp"
#include "engine/job/file_options.hpp"
#include "engine/job/job_options.hpp"
#include "engine/wire/job.hpp"

namespace mpiferry {

struct ScatterOptions {
  std::string source = {};  // a path, or "-" for standard input; only the master looks at it
  std::string destination = "./uploaded_files";  // may contain {rank} and {host}
  Bytes chunk_size = 1_MiB;                      // 1 byte .. 1 GiB
  wire::Layout layout = wire::Layout::chunks;    // the files that chunks are written into
  bool fsync = false;                            // an ack means: durable
  // How chunks that must be durable get to the disk: through the page cache, or past it (O_DIRECT)
  // where the file system can do that. `automatic`: past it for chunks of 256 KiB and more.
  enum class Io : int { automatic, buffered, direct };
  Io io = Io::automatic;
  SourceCheck source_check = SourceCheck::mtime;
  // The files at the destination get the source's modes, times and, where that is allowed, owner;
  // else only its permission bits, less the umask.
  bool preserve = false;
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
  JobOptions job = {};

  // What `io` comes to.
  bool direct() const noexcept;
  job::ChunkLimits limits() const noexcept;
  std::uint32_t effective_window() const noexcept { return limits().effective_window(); }
};

// invalid_argument with a detail that names the option and its range.
Outcome validate(const ScatterOptions& options);

}  // namespace mpiferry
