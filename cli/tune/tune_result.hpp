// Results and progress of the measurements of `mpiferry tune`.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/options/tuning.hpp"
#include "cli/tune/tuning_choice.hpp"
#include "engine/base/failure.hpp"

namespace mpiferry::cli {

// Complete on rank 0; the others have only `refused`, `verdict`, `failure`, `abandoned` and
// `warning`.
struct TuneResult {
  bool refused = false;  // some rank exited early, and has reported why: nothing began
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

  // The first failure counts.
  void fail(Failure why);
  // Some rank is out of reach. If something else has failed before, it is only a warning.
  void abandon(Failure why);
};

struct TuneProgress {
  std::size_t number = 0;  // from 1; 0 for the warm-up, which does not count
  std::size_t total = 0;
  Tuning tuning;
  std::chrono::nanoseconds elapsed{};    // of the budget
  std::chrono::nanoseconds measuring{};  // since the first measurement that counts
  std::optional<double> speed = {};      // GB/s; nothing before it was measured
};

void add_once(std::vector<std::string>& list, const std::string& text);

}  // namespace mpiferry::cli
