#include "cli/tune/tune_master.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "cli/output/units.hpp"
#include "engine/posix/file_system.hpp"

namespace mpiferry::cli {

Outcome TuneMaster::prepare(const std::function<bool()>& stop) {
  const auto workers = static_cast<std::uint32_t>(result_.ranks - 1);
  const Tuning by_default = default_tuning(arguments_.fsync);
  TuningGrid grid =
      tuning_grid(by_default, arguments_.chunk_sizes, arguments_.windows, arguments_.size, workers);
  if (grid.cases.empty() || grid.cases[0] != by_default) {
    const Bytes needed{2 * by_default.chunk_size.value * workers};
    return Failure{
        .code = Errc::invalid_argument,
        .detail = fmt::format(
            "--size {}: the defaults, which every case is compared with, need two "
            "chunks of {} for each of {}",
            arguments_.size.value, human_bytes(by_default.chunk_size), counted(workers, "worker")),
        .hint = fmt::format("give --size {} or more", option_bytes(needed))};
  }
  result_.too_few = std::move(grid.too_few);
  if (grid.cases.size() < 2) {
    return Failure{.code = Errc::invalid_argument,
                   .detail = "there is nothing to compare the defaults with",
                   .hint = "give other --chunks or --windows, or a larger --size"};
  }
  for (const Tuning& tuning : grid.cases) result_.figures.push_back({tuning, {}});
  schedule_.emplace(grid.cases.size(), TuningSchedule::Limits{.repetitions = arguments_.repetitions,
                                                              .budget = arguments_.budget});
  result_.planned = schedule_->total();
  auto sample = SampleFile::make(storage_, arguments_.source_directory, arguments_.size, stop);
  if (!sample) return std::move(sample.error());
  sample_.emplace(std::move(*sample));
  result_.source_file_system =
      posix::file_system_name(posix::file_system_type(arguments_.source_directory));
  return Nothing{};
}

bool TuneMaster::next() {
  if (result_.failure) return false;
  if (const auto& seen = interruption_.seen()) {
    result_.fail(*seen);
    return false;
  }
  if (!warm_) return true;  // the warm-up: figure 0, not counted
  const auto index = schedule_->next(std::chrono::steady_clock::now() - began_);
  if (!index) return false;
  index_ = *index;
  return true;
}

TuneProgress TuneMaster::progress() const {
  const auto now = std::chrono::steady_clock::now();
  return {.number = warm_ ? schedule_->begun() : 0,
          .total = schedule_->total(),
          .tuning = result_.figures[index_].tuning,
          .elapsed = now - began_,
          .measuring = warm_ ? now - warmed_ : TuneProgress{}.measuring};
}

ScatterOptions TuneMaster::options(const std::string& destination) const {
  const Tuning& tuning = result_.figures[index_].tuning;
  return {.source = sample_->path(),
          .destination = destination,
          .chunk_size = tuning.chunk_size,
          .fsync = arguments_.fsync,
          .force = true,  // the files of the measurement before
          .job = {.window = tuning.window, .handle_signals = true}};
}

std::optional<double> TuneMaster::record(const ScatterReport& report,
                                         const std::string& destination) {
  const JobReport& job = report.job;
  for (const JobReport::Worker& worker : job.workers) {
    if (!worker.host.empty()) add_once(result_.hosts, worker.host);
  }
  if (!job.ok()) {
    Failure failure = job.failure.value_or(Failure{.code = job.verdict});
    if (job.abandoned) {
      failure.hint = fmt::format("check that host and its disk; {} may still be there",
                                 mpiferry::quoted(destination));
    }
    result_.fail(std::move(failure));
    return std::nullopt;
  }
  const double speed = gigabytes_per_second(report.transfer.bytes_written, job.transfer_time);
  if (std::exchange(warm_, true)) {
    result_.figures[index_].speeds.push_back(speed);
    ++result_.measurements;
  } else {
    warmed_ = std::chrono::steady_clock::now();
  }
  return speed;
}

void TuneMaster::finish() {
  sample_.reset();
  result_.elapsed = std::chrono::steady_clock::now() - began_;
  for (const TuningFigure& figure : result_.figures) {
    if (figure.speeds.empty()) result_.no_time.push_back(figure.tuning);
  }
  std::erase_if(result_.figures, [](const TuningFigure& it) { return it.speeds.empty(); });
  if (result_.failure || result_.figures.size() >= 2) return;
  result_.fail({.code = Errc::invalid_argument,
                .detail = fmt::format("--budget: in {} only the defaults could be measured",
                                      human_seconds(result_.elapsed)),
                .hint = "give it more time (--budget 10m), or a smaller --size"});
}

}  // namespace mpiferry::cli
