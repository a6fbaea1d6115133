// The report for people.
#pragma once

#include <string>

#include "engine/base/failure.hpp"
#include "engine/job/job_report.hpp"
#include "engine/job/transfer_report.hpp"
#include "engine/operations/scatter/report.hpp"

namespace mpiferry::cli {

// A failure in the words of the blocking script (-v), by the rank `self` that it happened to.
std::string own_failure_text(const Failure& failure, Rank self);
// The script's last lines (-v). `what` has ended: kFileTransfer or kVerification.
inline constexpr const char* kFileTransfer = "File transfer";
inline constexpr const char* kVerification = "Verification";
std::string closing_lines(const JobReport& job, const char* what);
// What was done, how fast, and where it is: for success. `profile` as in to_json.
std::string success_text(const ScatterReport& report, const std::string& profile);
// A line about chunks that were damaged on the way, if any were.
std::string damaged_text(const TransferReport& transfer);
// How far a job came that failed.
std::string how_far_text(const ScatterReport& report);
// A line for each worker that could not write and was passed over, or that failed when the result
// was complete; empty if there is nothing to warn of.
std::string warnings_text(const JobReport& job);
// And before them one for a source that was replaced.
std::string warnings_text(const ScatterReport& report);

}  // namespace mpiferry::cli
