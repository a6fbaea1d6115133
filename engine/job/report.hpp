// What came of a job.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/failure.hpp"
#include "engine/base/units.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry {

// The master's report is whole; a worker's has only `rank`, `verdict` and its own counts.
struct Report {
  struct Worker {
    Rank rank = {};
    std::string host = {};
    std::string directory = {};
    std::uint64_t chunks_written = 0;
    Bytes bytes_written = {};
    std::uint64_t chunks_corrupt = 0;  // arrived damaged
    std::uint64_t ack_messages = 0;
  };

  // What is wrong with something that was scattered.
  struct Discrepancy {
    enum class Kind : std::uint8_t { missing, damaged, differs, extra };
    Kind kind = Kind::missing;
    std::optional<ChunkIndex> chunk = {};  // nothing: a file that has no place there
    Rank rank = kNoRank;                   // who found it, in this job
    std::string host = {};
    std::string path = {};
    std::string detail = {};  // "its digest is ..., the manifest says ..."
    std::string call = {};
    int system_errno = 0;
  };

  std::string command = "scatter";  // or "gather", "verify"
  Rank rank = {};
  Errc verdict = Errc::internal;        // ok, or that of `failure`
  std::optional<Failure> failure = {};  // the first one; nothing if all went well
  bool abandoned = false;  // some rank does not answer any more: only MPI_Abort can end it
  // Of the job: how long a rank may be silent. finalize_and_exit() goes by it.
  std::chrono::milliseconds stall_timeout{60'000};

  std::string source = {};
  std::string target = {};                // of a gather
  std::string against = {};               // the file that verify compared with; "": none
  std::string directory = {};             // the master's destination; holds the manifest
  std::optional<Bytes> source_size = {};  // nothing: a stream that did not come to its end
  Bytes chunk_size = {};
  std::optional<std::uint64_t> chunks = {};  // nothing: as above
  bool discard = false;                      // chunks were checked, none was to be written
  bool clearing = false;                     // --force has begun to remove another job's files
  bool untouched = false;                    // --resume of a finished job, of which all stands yet
  std::string replaced = {};                 // the source of such a job that does not stand
  std::uint64_t chunks_sent = 0;             // first attempts
  std::uint64_t chunks_resent = 0;
  std::uint64_t chunks_corrupt = 0;  // damaged on the way, and found
  std::uint64_t chunks_written = 0;  // acknowledged
  Bytes bytes_written = {};
  bool resume = false;            // what was there already was looked at
  std::uint64_t chunks_kept = 0;  // were there already, as they are in the source
  Bytes bytes_kept = {};
  std::uint64_t chunks_moved = 0;  // written by another worker than their own
  // Workers that could not write, with `reroute`; what failed when the result was there already.
  std::vector<Failure> warnings = {};
  std::optional<wire::Digest128> digest = {};  // XXH128 of the source; after success

  std::uint32_t window = 0;          // in force
  std::uint32_t peak_in_flight = 0;  // unacknowledged chunks of one worker
  std::uint64_t buffers = 0;         // the master's limit, in chunks
  std::uint64_t peak_buffers = 0;
  std::uint64_t mpi_tests = 0;  // MPI_Testsome calls of the master

  std::chrono::nanoseconds elapsed{};   // the whole of run()
  std::chrono::nanoseconds transfer{};  // from the first chunk sent to the last one acknowledged
  std::vector<Worker> workers = {};

  // gather and verify: chunks that were found and are as they were scattered, and what is wrong.
  std::uint64_t chunks_missing = 0;
  std::uint64_t chunks_damaged = 0;
  std::uint64_t chunks_differing = 0;  // from the file that they were compared with
  std::uint64_t extra_files = 0;
  std::vector<Discrepancy> discrepancies = {};  // the first 10,000

  bool ok() const noexcept { return verdict == Errc::ok; }
};

}  // namespace mpiferry
