// What a job is to do.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/wire/job.hpp"

namespace mpiferry {

struct Options {
  std::string source = {};  // a path, or "-" for standard input; only the master looks at it
  std::string destination = "./uploaded_files";  // may contain {rank} and {host}
  Bytes chunk_size = 1_MiB;                      // 1 byte .. 1 GiB
  wire::Layout layout = wire::Layout::chunks;    // the files that chunks are written into
  // Chunks in flight to one worker, 1 .. 1024. Nothing: 8; more if chunks are small (2 MiB of them,
  // 16 MiB with fsync, up to 64), fewer if they are large (16 MiB of them, 32 MiB with fsync, down
  // to 2).
  std::optional<std::uint32_t> window = {};
  // The most bytes of chunks that one rank holds at a time; at least a chunk. Nothing: 256 MiB, or
  // one chunk if that is more.
  std::optional<Bytes> memory = {};
  std::uint32_t retries = 3;                        // how often a damaged chunk is sent again
  std::chrono::milliseconds stall_timeout{60'000};  // 0: wait for ever
  bool fsync = false;                               // an ack means: durable
  // How chunks that must be durable get to the disk: through the page cache, or past it (O_DIRECT)
  // where the file system can do that. `automatic`: past it for chunks of 256 KiB and more.
  enum class Io : int { automatic, buffered, direct };
  Io io = Io::automatic;
  // What shows that the source is still what it was when it was opened. Its size always counts;
  // `mtime`: the time of its last change, too; `digest`: its bytes, which are read a second time.
  enum class SourceCheck : int { size, mtime, digest };
  SourceCheck source_check = SourceCheck::mtime;
  // The files at the destination get the source's modes, times and, where that is allowed, owner;
  // else only its permission bits, less the umask.
  bool preserve = false;
  // Where several chunks share a file, holes of the source stay holes, or are filled with zeros.
  enum class Sparse : int { automatic, never };
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
  // The limit that is in force.
  Bytes memory_limit() const noexcept;
  // The window that is in force: fewer chunks than asked for if more would not fit into
  // memory_limit().
  std::uint32_t effective_window() const noexcept;
  // min(effective_window() * workers, memory_limit() / chunk_size): chunks in the master's memory.
  std::uint64_t master_buffers(std::uint32_t workers) const noexcept;

 private:
  std::uint64_t chunks_in_memory() const noexcept;
};

// invalid_argument with a detail that names the option and its range.
Outcome validate(const Options& options);
Outcome check_stall_timeout(std::chrono::milliseconds stall_timeout);

}  // namespace mpiferry
