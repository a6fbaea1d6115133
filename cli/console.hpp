// What a job shows while it runs: the original's lines (-v) and one line of progress.
#pragma once

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "cli/report_file.hpp"
#include "engine/roles/observer.hpp"

namespace mpiferry::cli {

class Console final : public Observer {
 public:
  struct Settings {
    bool lines = false;     // the original's, to `out`
    bool progress = false;  // to standard error
    bool watched = false;   // a terminal: the line of progress is written over itself
    std::FILE* out = stdout;
    std::optional<Failure> refusal = {};  // ends the job before it begins
  };
  // `report` must outlive the console.
  Console(Settings settings, ReportFile& report)
      : settings_(std::move(settings)), report_(report) {}

  Outcome on_begin() override {
    return settings_.refusal ? Outcome{*settings_.refusal} : report_.prepare();
  }

  void on_source(const std::string& source, std::uint64_t chunks) override;
  void on_sent(ChunkIndex chunk, Rank to) override;
  void on_status(Rank from, bool written) override;
  void on_progress(const Progress& progress) override;
  void on_written(Rank self, ChunkIndex chunk, const std::string& directory) override;
  void on_end(Rank self) override;

  // Takes the line of progress away, so that what follows starts on a clean line.
  void clear_progress();

 private:
  Settings settings_;
  ReportFile& report_;
  std::size_t shown_ = 0;  // characters of the line of progress on the terminal
  std::chrono::nanoseconds next_{};
};

// "42.0 %  1.2 GiB  2.31 GB/s  ETA 3.2 s  16 chunks in flight"
std::string progress_line(const Progress& progress);

}  // namespace mpiferry::cli
