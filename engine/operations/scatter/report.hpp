// What came of a scatter.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/units.hpp"
#include "engine/job/job_report.hpp"
#include "engine/job/transfer_report.hpp"

namespace mpiferry {

// A worker's has only `job`.
struct ScatterReport {
  JobReport job = {};
  TransferReport transfer = {};

  bool discard = false;            // chunks were checked, none was to be written
  bool clearing = false;           // --force has begun to remove another job's files
  bool untouched = false;          // --resume of a finished job, of which all stands yet
  std::string replaced = {};       // the source of such a job that does not stand
  Bytes replaced_chunk_size = {};  // of that job
  std::uint64_t chunks_sent = 0;   // first attempts
  bool resume = false;             // what was there already was looked at
  std::uint64_t chunks_kept = 0;   // were there already, as they are in the source
  Bytes bytes_kept = {};
  std::uint64_t chunks_moved = 0;  // written by another worker than their own
};

}  // namespace mpiferry
