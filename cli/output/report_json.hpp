// The report for programs. docs/reference/report.md has the schema.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "cli/output/report_file.hpp"
#include "engine/operations/gather/report.hpp"
#include "engine/operations/scatter/report.hpp"
#include "engine/operations/verify/report.hpp"

namespace mpiferry::cli {

inline constexpr std::string_view kReportSchema = "mpiferry.report/2";

// A report of another version may be replaced, too.
inline constexpr FileKind kReportFile{"\"mpiferry.report/", "report", "--json"};

// One JSON object with a newline behind it. `profile`: the file that the chunk size or the window
// came from, or "".
std::string to_json(const ScatterReport& report, const std::string& profile);
std::string to_json(const GatherReport& report);
std::string to_json(const VerifyReport& report);

// What every report has: the verdict, its class, its exit code and, after a failure, the error.
void add_verdict(nlohmann::ordered_json& json, Errc verdict, const std::optional<Failure>& failure);
// One object with a newline behind it. Bytes of names that are not UTF-8 are replaced.
std::string json_text(const nlohmann::ordered_json& json);

}  // namespace mpiferry::cli
