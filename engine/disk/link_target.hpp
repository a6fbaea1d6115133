// What a path that a user has given leads to.
#pragma once

#include <string>

#include "engine/base/result.hpp"
#include "engine/storage/storage.hpp"

namespace mpiferry::disk {

// The path itself, or for a symbolic link the path of what it leads to, without links. A link to
// nothing is refused: dest_unusable with `path`, call, errno and hint.
Result<std::string> link_target(storage::Storage& storage, const std::string& path);

// Links are followed.
bool is_directory(storage::Storage& storage, const std::string& path) noexcept;

}  // namespace mpiferry::disk
