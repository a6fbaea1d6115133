// The report for programs. docs/report.md has the schema.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "cli/output/report_file.hpp"
#include "engine/roles/report.hpp"

namespace mpiferry::cli {

inline constexpr std::string_view kReportSchema = "mpiferry.report/1";

inline constexpr FileKind kReportFile{kReportSchema, "report", "--json"};

// One JSON object with a newline behind it. `profile`: the file that the chunk size or the window
// came from, or "".
std::string to_json(const Report& report, const std::string& profile);

// The `error` of a report.
nlohmann::ordered_json error_json(const Failure& failure);

}  // namespace mpiferry::cli
