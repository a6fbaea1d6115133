// Paths like /dev/fd/4: whether the user has opened the descriptor.
#pragma once

#include <optional>
#include <string>

#include "cli/process/launcher.hpp"
#include "engine/base/failure.hpp"

namespace mpiferry::cli {

// To be called before MPI starts, which opens descriptors of its own; to read or write these may
// break the job. invalid_argument if `path` leads to a descriptor of this process above standard
// error that is not open, or that the launcher has left open in its ranks. Nothing for all other
// paths.
std::optional<Failure> check_descriptor(const std::string& path, const Launcher& launcher);

}  // namespace mpiferry::cli
