// The report for programs. docs/report.md has the schema.
#pragma once

#include <string>
#include <string_view>

#include "engine/roles/report.hpp"

namespace mpiferry::cli {

inline constexpr std::string_view kReportSchema = "mpiferry.report/1";

// One JSON object with a newline behind it.
std::string to_json(const Report& report);

}  // namespace mpiferry::cli
