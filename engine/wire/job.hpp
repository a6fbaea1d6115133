// The messages around the chunks: the job and its end, the worker's answers. Their payloads are
// JSON, small, and travel once a worker, so they can grow fields without a new protocol version.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "engine/base/failure.hpp"
#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/wire/file_attributes.hpp"
#include "engine/wire/layout.hpp"

namespace mpiferry::wire {

// The largest payload of these messages; receivers post buffers of this size for them.
inline constexpr Bytes kControlPayload = 32_KiB;

// The longest time that a rank may be told to wait for another: adding it to a clock overflows
// nothing.
inline constexpr std::chrono::milliseconds kMaxStallTimeout = std::chrono::years{1};

// Faults that are played on request, for tests and for users who want to see them handled.
// 0 (or no rank) means: not at all.
struct Faults {
  std::uint64_t corrupt_every = 0;  // each worker flips a bit in every k-th chunk it receives
  std::uint64_t corrupt_first = 0;  // only in this many of those; 0: in all
  Rank stall_rank = kNoRank;        // this worker stops answering
  std::uint64_t stall_after = 0;    // the chunks that stall_rank still answers
  std::chrono::microseconds write_delay{0};  // every worker waits so long before each write

  bool operator==(const Faults&) const = default;
};

// Who sends a job.
struct Master {
  std::string host;
  std::string build;    // of the program, to be compared; "": not known
  std::string machine;  // base/machine.hpp

  bool operator==(const Master&) const = default;
};

// What is to be moved.
struct JobSource {
  // Of a regular file: no worker removes it. By the first it is known on the master's machine, by
  // the second on all others (disk/file_id.hpp).
  std::string id;
  std::string shared_id;
  // Of a file: the mode of the files that are made of it, and with `preserve` all they get.
  std::optional<FileAttributes> attributes = {};
  std::optional<Bytes> size = {};  // up to kMaxChunks chunks; nothing: a stream, known at its end
  // It has holes, and this worker's chunks so many bytes of data: where several chunks share a
  // file, holes stay holes. Nothing: it has none, or they are to be filled.
  std::optional<Bytes> data = {};

  bool operator==(const JobSource&) const = default;
};

// Master to worker: what is to be moved, and how.
struct Job {
  Master master;
  JobSource source;
  std::string destination;  // with {rank} and {host} still in it
  std::string job_lock;     // marks the master's destination while the job runs
  Bytes chunk_size;
  Layout layout = {};
  std::uint32_t window = 0;  // receives that the worker posts, up to kMaxWindow
  std::uint32_t workers = 0;
  bool preserve = false;  // files get all attributes of the source
  bool fsync = false;
  bool direct = false;  // with fsync: past the page cache, where the file system can
  bool force = false;
  bool resume = false;   // say what is there already, and keep what is right
  bool reroute = false;  // chunks of other workers may come
  bool discard = false;  // check and acknowledge, write nothing
  // How long one rank may be silent before another gives it up; 0: for ever.
  std::chrono::milliseconds stall_timeout{0};
  Faults faults;

  bool operator==(const Job&) const = default;
};

// Worker to master: the preflight passed.
struct Ready {
  std::string host;
  std::string machine = {};  // base/machine.hpp
  std::string directory;     // the destination, expanded
  std::string directory_id;  // equal for workers of a machine that write to one directory
  bool shares_master_directory = false;
  // What this worker will write, and what fits there.
  struct Capacity {
    Bytes needed;
    std::uint64_t files = 0;
    std::optional<Bytes> available = {};       // nothing: the file system does not say
    std::optional<std::uint64_t> inodes = {};  // as above
    std::string file_system = {};              // equal on a machine for what shares it; "": unknown
    // Of the directory; an earlier job's, and free once its files have gone.
    Bytes freed = {};
    std::uint64_t freed_files = 0;
    bool operator==(const Capacity&) const = default;
  };
  Capacity capacity = {};

  bool operator==(const Ready&) const = default;
};

// Master to worker: no more chunks will come.
struct End {
  Errc verdict = Errc::ok;
  std::uint64_t chunks = 0;  // of the source; after success
  std::string sums_file =
      {};  // the worker writes its chunks' digests under this name; "": it does not

  bool operator==(const End&) const = default;
};

// Worker to master: everything is settled; the counters of the worker, and what failed there. That
// was told at once, too; but whoever looks at messages as they complete may meet this one first.
struct Closed {
  std::uint64_t chunks_written = 0;
  Bytes bytes_written;
  std::uint64_t chunks_corrupt = 0;
  std::uint64_t ack_messages = 0;
  std::optional<std::uint64_t> stripe_digest = {};  // XXH3-64 of the stripe that it published
  std::optional<Failure> failure = {};

  bool operator==(const Closed&) const = default;
};

// Master to worker, when nothing is left to be done: what the job ended with.
struct Over {
  Errc verdict = Errc::ok;
  bool operator==(const Over&) const = default;
};

// Each encoder writes JSON into `out` and returns its length; bad_length if it does not fit.
// Strings need not be UTF-8: other bytes survive the way unchanged.
Result<std::size_t> encode(const Job& job, std::span<std::byte> out);
Result<std::size_t> encode(const Ready& ready, std::span<std::byte> out);
Result<std::size_t> encode(const End& end, std::span<std::byte> out);
Result<std::size_t> encode(const Closed& closed, std::span<std::byte> out);
Result<std::size_t> encode(const Over& over, std::span<std::byte> out);
Result<std::size_t> encode(const Failure& failure, std::span<std::byte> out);

// Each decoder refuses what is not such a message, or has impossible values, with bad_field and a
// detail that names the field.
Result<Job> decode_job(std::span<const std::byte> payload);
Result<Ready> decode_ready(std::span<const std::byte> payload);
Result<End> decode_end(std::span<const std::byte> payload);
Result<Closed> decode_closed(std::span<const std::byte> payload);
Result<Over> decode_over(std::span<const std::byte> payload);
// The failure that a worker reports or, if the payload is no such report, the failure to read it:
// something has failed either way, so there is no third outcome to handle.
Failure decode_failure(std::span<const std::byte> payload);

}  // namespace mpiferry::wire
