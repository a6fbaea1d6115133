// What rank 0 of `mpiferry tune` knows and decides: the plan, the sample, and what comes next.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "cli/options/tune_options.hpp"
#include "cli/process/interruption.hpp"
#include "cli/tune/sweep_result.hpp"
#include "cli/tune/tuning_plan.hpp"
#include "engine/base/result.hpp"
#include "engine/disk/sample_file.hpp"
#include "engine/roles/options.hpp"
#include "engine/roles/report.hpp"

namespace mpiferry::cli {

// Works on `result`; all that it is given must outlive it.
class TuneRun {
 public:
  TuneRun(const TuneArguments& arguments, Interruption& interruption, SweepResult& result)
      : arguments_(arguments), interruption_(interruption), result_(result) {}

  // The plan and the sample. `stop` is asked while the sample is made, which may take long. Nothing
  // else is called meanwhile, should it be on another thread.
  Outcome prepare(const std::function<bool()>& stop);
  // What is measured next; false if there is nothing more, and all ranks shall end.
  bool next();
  SweepProgress progress() const;
  Options options(const std::string& destination) const;
  // Notes what came of it. The speed, if it went well.
  std::optional<double> record(const Report& report, const std::string& destination);
  void finish();

 private:
  const TuneArguments& arguments_;
  Interruption& interruption_;
  SweepResult& result_;
  std::optional<TuningSchedule> schedule_;
  std::optional<disk::SampleFile> sample_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point warmed_;  // when the warm-up ended
  bool warm_ = false;
  std::size_t index_ = 0;
};

}  // namespace mpiferry::cli
