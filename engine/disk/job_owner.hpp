// What the job lock of a running job says of the process that made it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/units.hpp"

namespace mpiferry::disk {

// The text of a job lock has two lines: the first says which job it is, the second who made it.
struct JobOwner {
  Rank rank;
  std::int64_t pid = 0;
  std::string host;
  // Of the process, in ticks since the host started (/proc/PID/stat): a pid alone is used again.
  std::uint64_t started = 0;
  // Processes of different ones have different numbers for one another (/proc/self/ns/pid).
  std::uint64_t pid_namespace = 0;
  // Of its kernel (base/machine.hpp): machines may share a name, and start again.
  std::string boot = {};

  bool operator==(const JobOwner&) const = default;

  // This process, as rank `rank` of a job. Names the host as gethostname(2) does.
  static JobOwner of_this_process(Rank rank);
  // Of the second line of a job lock; nothing if it has none, or not such a one.
  static std::optional<JobOwner> in(std::string_view text);

  // "rank 2, pid 1234 (started 567, pid namespace 4026531836, boot 7c1f1a2e) on node7"
  std::string line() const;

  // Whether it still runs; nothing if that cannot be known from here: it is on another machine or
  // in another pid namespace, or /proc hides it.
  std::optional<bool> runs() const;

  // For messages: "rank 2, pid 1234 on node7, which still runs"
  std::string description() const;
};

// The text of a job lock: `job` (one line) and its owner.
std::string job_lock_text(std::string_view job, const JobOwner& owner);
// The first line, which alone says whose job lock it is.
std::string_view job_of(std::string_view text) noexcept;

}  // namespace mpiferry::disk
