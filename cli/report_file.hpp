// The file that the report goes to: made sure of before the job, whole or not there after it.
#pragma once

#include <string>

#include "engine/base/result.hpp"
#include "engine/roles/report.hpp"

namespace mpiferry::cli {

// A report replaces an earlier report, never anything else: `--json big.dat` must not cost a file.
class ReportFile {
 public:
  // `path` is a file, "-" for standard output, or empty: no report is wanted.
  explicit ReportFile(std::string path) : path_(std::move(path)) {}
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;
  // Removes what `prepare` made, unless it was published.
  ~ReportFile();

  // Whether the report can be written later. Makes "<path>.<16 hex digits>.part"; where the path is
  // a link, beside what it points to. invalid_argument if something else lies there;
  // report_write_failed.
  Outcome prepare();
  // Writes the report and gives it its name; does nothing after a prepare() that failed. Calls
  // prepare() if nobody has.
  Outcome publish(const Report& report);

 private:
  Outcome make_part();
  Outcome check_replaceable() const;
  bool direct() const;  // written as it comes: a pipe, a terminal, a device
  Failure failure(const std::string& path, const char* call) const;

  std::string path_;
  std::string part_;  // empty: not prepared
};

}  // namespace mpiferry::cli
