// What rank 0 of `mpiferry tune` decides: the plan, the sample, and the next measurement.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "cli/options/tune_options.hpp"
#include "cli/process/interruption.hpp"
#include "cli/tune/sample_file.hpp"
#include "cli/tune/tune_result.hpp"
#include "cli/tune/tuning_plan.hpp"
#include "engine/base/result.hpp"
#include "engine/operations/scatter/options.hpp"
#include "engine/operations/scatter/report.hpp"
#include "engine/posix/posix_storage.hpp"

namespace mpiferry::cli {

// Works on `result`; all that it is given must outlive it.
class TuneMaster {
 public:
  TuneMaster(const TuneArguments& arguments, Interruption& interruption, TuneResult& result)
      : arguments_(arguments), interruption_(interruption), result_(result) {}

  // The plan and the sample. `stop` is asked while the sample is made, which may take long. It may
  // run on another thread, if nothing else is called meanwhile.
  Outcome prepare(const std::function<bool()>& stop);
  // Chooses the next measurement; false if there is none, and all ranks are to end.
  bool next();
  TuneProgress progress() const;
  ScatterOptions options(const std::string& destination) const;
  // Notes the result. Returns the speed, unless the job failed.
  std::optional<double> record(const ScatterReport& report, const std::string& destination);
  void finish();

 private:
  const TuneArguments& arguments_;
  Interruption& interruption_;
  TuneResult& result_;
  std::optional<TuningSchedule> schedule_;
  posix::PosixStorage storage_;
  std::optional<SampleFile> sample_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point warmed_;  // when the warm-up ended
  bool warm_ = false;
  std::size_t index_ = 0;
};

}  // namespace mpiferry::cli
