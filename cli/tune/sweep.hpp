// The measurements of `mpiferry tune`: job after job on the same ranks, and nothing left of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/options/tune_options.hpp"
#include "cli/process/interruption.hpp"
#include "cli/process/start.hpp"
#include "cli/tune/tuning_choice.hpp"
#include "cli/tune/tuning_plan.hpp"
#include "engine/base/failure.hpp"
#include "engine/base/result.hpp"

namespace mpiferry::cli {

// Whole on rank 0; the others have only `refused`, `verdict`, `failure`, `abandoned` and
// `warning`.
struct SweepResult {
  bool refused = false;  // some rank did not understand its options, and has said so: nothing began
  Errc verdict = Errc::ok;
  std::optional<Failure> failure = {};
  bool abandoned = false;    // some rank is out of reach: only MPI_Abort can end it
  std::string warning = {};  // lines for people: what could not be removed, who is missing

  int ranks = 0;
  std::vector<TuningFigure> figures = {};  // the default first; those that were measured at all
  std::vector<Tuning> no_time = {};        // left out, as are:
  std::vector<Tuning> too_few = {};        // the sample has too few chunks for them
  std::size_t measurements = 0;            // counted ones
  std::size_t planned = 0;
  std::chrono::nanoseconds elapsed{};
  std::vector<std::string> hosts = {};  // each once, rank 0's first
  std::string source_file_system = {};
  std::vector<std::string> destination_file_systems = {};  // each once
};

struct SweepProgress {
  std::size_t number = 0;  // from 1; 0 for the warm-up, which does not count
  std::size_t total = 0;
  Tuning tuning;
  std::chrono::nanoseconds elapsed{};    // of the budget
  std::chrono::nanoseconds measuring{};  // since the first measurement that counts
  std::optional<double> speed = {};      // GB/s; nothing before it was measured
};

// Collective over all ranks; rank 0's arguments count. `prepare` is rank 0's first step: a failure
// ends it. `progress` is called on rank 0, before and after each measurement.
SweepResult sweep(Start& start, const TuneArguments& arguments, Interruption& interruption,
                  const std::function<Outcome()>& prepare,
                  const std::function<void(const SweepProgress&)>& progress);

}  // namespace mpiferry::cli
