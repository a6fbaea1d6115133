// How far a job is, how fast it goes, and when it will be done.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <vector>

#include "cli/output/progress_line.hpp"
#include "engine/base/units.hpp"
#include "engine/roles/observer.hpp"

namespace mpiferry::cli {

// What was done in a stretch of time.
struct Stretch {
  std::chrono::nanoseconds time{};
  Bytes moved;
  Bytes kept;
};

// The last ten seconds of a job, or its last change if that is longer ago. Its average would tell
// for a long time of what it did at first: a job that resumes may look through a thousand kept
// chunks in the time in which it sends ten.
class Pace {
 public:
  // `progress.elapsed` must not go back.
  Stretch recent(const Progress& progress);

 private:
  struct Mark {
    std::chrono::nanoseconds elapsed{};
    Bytes moved;
    Bytes kept;
  };
  std::deque<Mark> marks_{Mark{}};  // the beginning, and where something had changed
};

// " 42.0 %  430.2 MiB of 1.0 GiB  412.3 MiB/s  2 s elapsed  ETA 2 s  16 chunks in flight"
//
// The speed is that of the chunks that are moved; kept ones only count as done. The time that is
// left is that of all that is left at the recent pace, in which kept chunks have a part. They cost
// less than others, and what is left may have to be sent: the ETA is "at least" then.
std::vector<Field> progress_fields(const Progress& progress, const Stretch& recent);

// "ETA 2 m 05 s"
std::string eta_text(std::chrono::nanoseconds left, bool at_least = false);

}  // namespace mpiferry::cli
