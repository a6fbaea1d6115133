// What came of a gather or of a verification, for people.
#pragma once

#include <string>

#include "engine/roles/report.hpp"

namespace mpiferry::cli {

// After success.
std::string gathered_text(const Report& report);
std::string verified_text(const Report& report);

// A line for each of the first flaws: "missing: chunk 7: 'out/chunk_7.bin': no rank sees it; ...".
std::string flaws_text(const Report& report);
// "missing", "damaged", "differs", "extra"
const char* flaw_name(Report::Flaw::Kind kind) noexcept;

}  // namespace mpiferry::cli
