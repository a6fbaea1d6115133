// The last steps of every command that runs jobs.
#pragma once

#include <cstdio>
#include <string>

#include "cli/report_file.hpp"
#include "engine/base/units.hpp"
#include "engine/mpi/environment.hpp"
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

// Rank 1 says what has failed if the master is out of reach.
void speak_for_lost_master(const Report& report);

// Meets the other ranks and ends MPI; if some rank is out of reach (`abandoned`, or it does not
// come), ends all ranks with `code` and does not return.
void leave_mpi(mpi::Environment& environment, Rank self, bool abandoned, int code);

}  // namespace mpiferry::cli
