// What is printed at the end of a job.
#pragma once

#include <cstdio>
#include <string>

#include "cli/output/output.hpp"
#include "cli/output/report_file.hpp"
#include "engine/roles/report.hpp"

namespace mpiferry::cli {

// Rank 0's.
struct Summary {
  std::string text;  // of success, or of the failure
  std::string json;  // the report
};
// Prints it, failures to standard error, else to `out`, and publishes the report. Returns the exit
// code.
int finish(const Report& report, const Summary& summary, bool quiet, ReportFile& file,
           std::FILE* out);

// What has been written to `out` did not get there.
Failure print_failure(std::FILE* out, std::string detail);

// Reports that a report could not be written: as the error of a job that is done (`code` is 0),
// else as a warning beside the job's own. Returns the exit code. A report that could not be begun
// was the job's failure, and is not published.
int report_unwritten(const Failure& failure, int code);

// `text` for standard error, from a rank other than 0: rank 0's line of progress may stand there
// for good, if rank 0 is out of reach.
std::string below_progress(const Output& output, const std::string& text);

// A worker that has given the master up reports it itself, the lowest first.
void report_unreachable_master(const Report& report, const Output& output);

}  // namespace mpiferry::cli
