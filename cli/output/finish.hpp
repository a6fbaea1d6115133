// What is printed at the end of a job.
#pragma once

#include <cstdio>
#include <string>

#include "cli/output/output.hpp"
#include "cli/output/report_file.hpp"
#include "engine/job/job_report.hpp"

namespace mpiferry::cli {

// Rank 0's summary of a job.
struct Summary {
  std::string warnings = {};  // a line each
  std::string text = {};      // of success, or of the failure
  std::string json = {};      // the report
};
// Prints the warnings and the summary, and publishes the report. Returns the exit code. A failure
// goes to standard error, a success to summary_stream(). --quiet prints a failure alone.
int finish(const JobReport& job, const Summary& summary, const Output& output, ReportFile& file);

// Where the summary of success goes: beside its warnings, so that it stays in order behind them
// (Output::out says why).
std::FILE* summary_stream(const Output& output, const std::string& warnings);

// To standard error, unless nothing but errors is to be printed.
void print_warnings(const Output& output, const std::string& warnings);

// report_write_failed for `out`, standard output or error, after a print() that failed.
Failure print_failure(std::FILE* out, std::string detail);

// Reports that a report could not be written: as the error of a job that is done (`code` is 0),
// else as a warning beside the job's own. Returns the exit code. A report that could not be begun
// was the job's failure, and is not published.
int report_unwritten(const Failure& failure, int code, const Output& output);

// `text` for standard error, from a rank other than 0. It starts on a new line, as the line of
// progress of a rank 0 that is out of reach may still be there.
std::string below_progress(const Output& output, const std::string& text);

// On a worker that has given the master up: reports that, the lowest rank first.
void report_unreachable_master(const JobReport& job, const Output& output);

}  // namespace mpiferry::cli
