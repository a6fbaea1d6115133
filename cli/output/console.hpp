// What a job shows while it runs: the blocking script's lines (-v) and one line of progress.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "cli/output/output.hpp"
#include "cli/output/progress_line.hpp"
#include "cli/output/progress_text.hpp"
#include "cli/output/report_file.hpp"
#include "engine/job/observer.hpp"

namespace mpiferry::cli {

class Console final : public Observer {
 public:
  // `output` and `report` must outlive the console. Unless the command is `ready`, its failure ends
  // the job before it begins.
  Console(const Output& output, ReportFile& report, Outcome ready)
      : output_(output), report_(report), ready_(std::move(ready)), line_(output) {}

  Outcome on_begin() override { return ready_ ? report_.prepare() : ready_; }

  void on_source(const std::string& source, std::uint64_t chunks, Bytes chunk_size) override;
  void on_sent(ChunkIndex chunk, Rank to) override;
  void on_status(Rank from, bool written) override;
  void on_progress(const Progress& progress) override;
  void on_manifest(const std::string& source, std::uint64_t chunks, Bytes chunk_size) override;
  void on_checked(ChunkIndex chunk, Rank from, bool intact) override;
  void on_written(Rank self, ChunkIndex chunk, const std::string& directory,
                  std::string_view file) override;
  void on_failure(Rank self, const Failure& failure) override;
  void on_end(Rank self) override;

  // Erases the line of progress, so that later output starts on an empty line.
  void clear_progress() { line_.clear(); }

 private:
  void report_idle_stream(const Progress& progress);

  const Output& output_;
  ReportFile& report_;
  Outcome ready_;
  ProgressLine line_;
  Pace pace_;
  std::chrono::nanoseconds next_{};  // when progress is shown again
  bool idle_reported_ = false;       // the source gives nothing
};

}  // namespace mpiferry::cli
