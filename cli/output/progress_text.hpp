// How far a job is, how fast it goes, and when it will be done.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <vector>

#include "cli/output/progress_line.hpp"
#include "engine/base/units.hpp"
#include "engine/job/observer.hpp"

namespace mpiferry::cli {

// What was done in a stretch of time.
struct Stretch {
  std::chrono::nanoseconds time{};
  Bytes moved;
  Bytes kept;
};

// The last ten seconds of a job, or the time since its last change if that is longer. The average
// of the whole job would be dominated by its start: a job that resumes may check a thousand kept
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
  std::deque<Mark> marks_{Mark{}};  // the start, and each change
};

// " 42.0 %  430.2 MiB of 1.0 GiB  412.3 MiB/s  2 s elapsed  ETA 2 s  16 chunks in flight"
//
// The speed is of the chunks that are moved; kept chunks only count as done. The time left assumes
// the recent pace, kept chunks included. As these cost less and the rest may have to be sent, the
// ETA is "at least" then.
std::vector<Field> progress_fields(const Progress& progress, const Stretch& recent);

// "ETA 2 m 05 s"
std::string eta_text(std::chrono::nanoseconds left, bool at_least = false);

}  // namespace mpiferry::cli
