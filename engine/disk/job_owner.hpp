// What the job lock of a running job says of the process that made it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/units.hpp"
#include "engine/storage/storage.hpp"

namespace mpiferry::disk {

// The text of a job lock has two lines: the first says which job it is, the second who made it.
struct JobOwner {
  Rank rank;
  storage::ProcessId process;

  bool operator==(const JobOwner&) const = default;

  // Of the second line of a job lock; nothing if it has none, or not such a one.
  static std::optional<JobOwner> in(std::string_view text);

  // "rank 2, pid 1234 (started 567, pid namespace 4026531836, boot 7c1f1a2e) on node7"
  std::string line() const;

  // For messages: "rank 2, pid 1234 on node7, which still runs". `runs`: Storage::runs.
  std::string description(std::optional<bool> runs) const;
};

// The text of a job lock: `job` (one line) and its owner.
std::string job_lock_text(std::string_view job, const JobOwner& owner);
// The first line, which alone says whose job lock it is.
std::string_view job_of(std::string_view text) noexcept;

}  // namespace mpiferry::disk
