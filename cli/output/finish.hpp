// The last steps of every command that runs jobs.
#pragma once

#include <cstdio>
#include <string>

#include "cli/output/output.hpp"
#include "cli/output/report_file.hpp"
#include "engine/roles/report.hpp"

namespace mpiferry::cli {

// Says it, or returns false: standard output may be full or closed.
bool say(std::FILE* out, const std::string& text);

// Rank 0's last words of a job.
struct Words {
  std::string text;  // of success, or of the failure
  std::string json;  // the report
  bool quiet = false;
};
// Says them, failures to standard error, and publishes the report. Returns the exit code.
int tell(const Report& report, const Words& words, ReportFile& file, std::FILE* out);

// Says that a report could not be written: as the error of a job that is done (`code` is 0), else
// as a warning beside the job's own. Returns the exit code. A report that could not be begun was
// the job's failure, and is not published.
int tell_unwritten(const Failure& failure, int code);

// `text` for standard error, from a rank other than 0: rank 0's line of progress may stand there
// for good, if rank 0 is out of reach.
std::string below_progress(const Output& output, const std::string& text);

// For ranks that fail alike and then abort. Ranks 0 and 1 go on at once; the others only if they
// are still there a moment later, as the first that aborts ends all that it can reach.
void let_lower_ranks_speak(Rank self);

// A worker that has given the master up says so itself, the lowest first.
void report_unreachable_master(const Report& report, const Output& output);

// The end of this process, with what is said where ranks cannot leave together: after a job, and
// where there was none.
[[noreturn]] void end_program(const Report& report, int exit_code) noexcept;
[[noreturn]] void end_program(int exit_code) noexcept;

}  // namespace mpiferry::cli
