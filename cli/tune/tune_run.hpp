// The measurements of `mpiferry tune`: job after job on the same ranks, and nothing left of them.
#pragma once

#include <functional>

#include "cli/options/tune_options.hpp"
#include "cli/process/interruption.hpp"
#include "cli/process/start.hpp"
#include "cli/tune/tune_result.hpp"
#include "engine/base/result.hpp"

namespace mpiferry::cli {

// Rank 0's part. `prepare` is its first step, whose failure ends the run; `progress` is called
// before and after each measurement.
struct TuneHooks {
  std::function<Outcome()> prepare;
  std::function<void(const TuneProgress&)> progress;
};

// Collective over all ranks; rank 0's arguments count.
TuneResult run_tune(Start& start, const TuneArguments& arguments, Interruption& interruption,
                    const TuneHooks& hooks);

}  // namespace mpiferry::cli
