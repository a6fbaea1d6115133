// Paths that lead to an open file and not to a name.
#pragma once

#include <optional>
#include <string>

#include "engine/storage/storage.hpp"

namespace mpiferry::posix {

// Storage::descriptor_path.
std::optional<storage::DescriptorPath> descriptor_path(const std::string& path);

// "-" for a path that leads to this process's standard output, else the path itself.
std::string dash_for_standard_output(std::string path);

}  // namespace mpiferry::posix
