// The report for programs. docs/report.md has the schema.
#pragma once

#include <string>

#include "engine/base/result.hpp"
#include "engine/roles/report.hpp"

namespace mpiferry::cli {

// One JSON object with a newline behind it.
std::string to_json(const Report& report);

// Writes it to `path`, or to standard output if that is "-". report_write_failed.
Outcome write_report(const Report& report, const std::string& path);

}  // namespace mpiferry::cli
