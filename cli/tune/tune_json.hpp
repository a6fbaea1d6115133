// The results of `mpiferry tune` for programs, and the profile for scatter.
// docs/reference/profile.md has both schemas.
#pragma once

#include <string>
#include <string_view>

#include "cli/output/report_file.hpp"
#include "cli/tune/tune_report.hpp"

namespace mpiferry::cli {

inline constexpr std::string_view kTuneSchema = "mpiferry.tune/1";
inline constexpr FileKind kTuneFile{kTuneSchema, "report", "--json"};
// A profile of another version may be replaced, too. scatter reads it again, so it is a regular
// file.
inline constexpr FileKind kProfileFile{"\"mpiferry.profile/", "profile", "--profile",
                                       /*streams=*/false};

std::string tune_json(const TuneReport& report);
// Needs a choice.
std::string profile_json(const TuneReport& report);

}  // namespace mpiferry::cli
