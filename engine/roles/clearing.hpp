// --force: what other jobs left at the destination goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "engine/base/result.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/stale_file_scan.hpp"
#include "engine/mpi/mpi_context.hpp"
#include "engine/roles/task.hpp"

namespace mpiferry::roles {

// Removes all leftovers but tokens; refuses if the file `spared` is among
// them (StaleFileRemoval). With `doomed`, only what it says. There may be very many: everyone else,
// signals among them, has a turn every `slice`. Ends early, without an error, as soon as `stop`
// says so.
Task<Outcome> clear(mpi::MpiContext& context, const disk::Directory& directory,
                    std::string protected_source, std::function<bool()> stop,
                    disk::ToRemove to_remove = {},
                    std::chrono::steady_clock::duration slice = std::chrono::milliseconds{5});

// What that would free.
struct StaleFiles {
  Bytes bytes;
  std::uint64_t files = 0;
};
// Looks at it before: refuses as `clear` would, and changes nothing.
Task<Result<StaleFiles>> survey(
    mpi::MpiContext& context, const disk::Directory& directory, std::string protected_source,
    std::function<bool()> stop,
    std::chrono::steady_clock::duration slice = std::chrono::milliseconds{5});

}  // namespace mpiferry::roles
