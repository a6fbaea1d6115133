// Which process this is, and whether another still runs.
#pragma once

#include <optional>

#include "engine/storage/storage.hpp"

namespace mpiferry::posix {

// Names the host as gethostname(2) does.
storage::ProcessId this_process();
// Storage::runs.
std::optional<bool> runs(const storage::ProcessId& process);

}  // namespace mpiferry::posix
