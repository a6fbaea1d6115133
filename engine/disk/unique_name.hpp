// Names that no other process picks.
#pragma once

#include <string>
#include <string_view>

namespace mpiferry::disk {

// `prefix` and 16 hex digits of the system's randomness. A pid would not do: ranks on different
// hosts share directories and may share pids.
std::string unique_name(std::string_view prefix);

}  // namespace mpiferry::disk
