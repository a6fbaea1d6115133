// What came of a verification.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/job/job_report.hpp"
#include "engine/job/transfer_report.hpp"
#include "engine/operations/retrieval/discrepancy.hpp"

namespace mpiferry {

// A worker's has only `job`.
struct VerifyReport {
  JobReport job = {};
  TransferReport transfer = {};  // its digest only if the whole was compared

  std::string against = {};  // the file that the chunks were compared with; "": none
  std::uint64_t chunks_missing = 0;
  std::uint64_t chunks_damaged = 0;
  std::uint64_t chunks_differing = 0;  // from `against`
  std::uint64_t extra_files = 0;
  std::vector<Discrepancy> discrepancies = {};  // the first 10,000
};

}  // namespace mpiferry
