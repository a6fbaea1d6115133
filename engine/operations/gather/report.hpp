// What came of a gather.
#pragma once

#include <string>

#include "engine/job/job_report.hpp"
#include "engine/job/transfer_report.hpp"

namespace mpiferry {

// A worker's has only `job`.
struct GatherReport {
  JobReport job = {};
  TransferReport transfer = {};

  std::string target = {};  // the file that was made, or was to be
};

}  // namespace mpiferry
