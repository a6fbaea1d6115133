// The file of a report. It is prepared before the job and published after it, whole or not at all.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/disk/stream_target.hpp"
#include "engine/posix/posix_storage.hpp"
#include "engine/storage/file.hpp"

namespace mpiferry::cli {

// What a file is for; its text begins with its schema.
struct FileKind {
  std::string_view schema;  // or its beginning; a file with it may be replaced
  std::string_view name;    // "report"
  std::string_view option;  // "--json"
  bool streams = true;      // a FIFO or a character device may take it, too
};

// report_write_failed, with a hint for the errno.
Failure output_failure(std::string path, std::string_view call, int system_errno,
                       std::string detail);

// A report replaces an earlier report and gets its mode and owner. It never replaces anything else:
// `--json big.dat` must not cost a file.
class ReportFile {
 public:
  // `path` is a file, "-" for standard output, or empty: no report is wanted.
  ReportFile(const FileKind& kind, std::string path) : kind_(kind), path_(std::move(path)) {}
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;
  // Removes what `prepare` made, unless it was published.
  ~ReportFile() { remove_partial(); }

  // Checks that the report can be written later, and opens it: the reader of a FIFO would leave if
  // it were closed again. Creates "<path>-<16 hex digits>.part", beside the target if the path is a
  // link. invalid_argument if the path is something else, such as a block device;
  // report_write_failed.
  Outcome prepare();
  // Writes the text and gives the file its name, or removes it; does nothing after a prepare() that
  // failed. Calls prepare() if nobody has. report_write_failed.
  Outcome publish(const std::string& text);

 private:
  Outcome open();
  Outcome open_stream();
  Outcome open_partial();
  Outcome keep_attributes();
  Outcome check_replaceable() const;
  Outcome print(const std::string& text) const;
  Outcome pour(const std::string& text);
  Outcome replace(const std::string& text);
  void remove_partial() noexcept;
  bool is_stream() const;  // written directly: a FIFO, a terminal
  std::optional<storage::DescriptorPath> descriptor() const;
  Failure failure(const std::string& path, const char* call, int system_errno) const;
  Failure failure(const Failure& at_destination) const;

  mutable posix::PosixStorage storage_;
  FileKind kind_;
  std::string path_;
  // From prepare() to publish(), one of them:
  std::string part_;  // with its file
  storage::File file_;
  std::optional<disk::StreamTarget> stream_;
};

}  // namespace mpiferry::cli
