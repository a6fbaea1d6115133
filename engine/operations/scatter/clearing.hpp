// --force: what other jobs left at the destination goes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/base/result.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/stale_file_scan.hpp"
#include "engine/job/environment.hpp"
#include "engine/job/task.hpp"

namespace mpiferry::operations {

// Removes all stale files but job locks; refuses if the file `protected_source` is among them
// (StaleFileRemoval). With `to_remove`, only what it says. There may be very many: everyone else,
// signals among them, has a turn every `slice`. Ends early, without an error, as soon as `stop`
// says so.
job::Task<Outcome> clear(const job::Environment& environment, const disk::Directory& directory,
                         std::string protected_source, std::function<bool()> stop,
                         disk::ToRemove to_remove = {},
                         clock::Duration slice = std::chrono::milliseconds{5});

// What that would free.
struct StaleFiles {
  Bytes bytes;
  std::uint64_t files = 0;
};
// Looks at it before: refuses as `clear` would, and changes nothing.
job::Task<Result<StaleFiles>> survey(const job::Environment& environment,
                                     const disk::Directory& directory, std::string protected_source,
                                     std::function<bool()> stop,
                                     clock::Duration slice = std::chrono::milliseconds{5});

}  // namespace mpiferry::operations
