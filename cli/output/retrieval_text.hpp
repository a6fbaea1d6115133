// The result of gather and verify, for people.
#pragma once

#include <string>

#include "engine/operations/gather/report.hpp"
#include "engine/operations/verify/report.hpp"

namespace mpiferry::cli {

// After success.
std::string gathered_text(const GatherReport& report);
std::string verified_text(const VerifyReport& report);

// A line for each discrepancy, "missing: chunk 7: 'out/chunk_7.bin': no rank sees it; ...", or for
// each file of several chunks that is lost; at most twenty, which neither one kind nor one file
// takes up alone while there are others.
std::string discrepancies_text(const VerifyReport& report);
// "missing", "damaged", "differs", "extra"
const char* discrepancy_name(Discrepancy::Kind kind) noexcept;

}  // namespace mpiferry::cli
