// What came of a gather or of a verification, for people.
#pragma once

#include <string>

#include "engine/roles/report.hpp"

namespace mpiferry::cli {

// After success.
std::string gathered_text(const Report& report);
std::string verified_text(const Report& report);

// A line for each flaw, "missing: chunk 7: 'out/chunk_7.bin': no rank sees it; ...", or for each
// file of several chunks that is lost; at most twenty, which neither one kind of flaw nor one file
// takes up alone while there are others.
std::string flaws_text(const Report& report);
// "missing", "damaged", "differs", "extra"
const char* flaw_name(Report::Flaw::Kind kind) noexcept;

}  // namespace mpiferry::cli
