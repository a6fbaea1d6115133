// Paths like /dev/fd/4: whether what is open there is the user's.
#pragma once

#include <optional>
#include <string>

#include "cli/process/launcher.hpp"
#include "engine/base/failure.hpp"

namespace mpiferry::cli {

// To be asked before MPI starts, which opens descriptors of its own; what is read from or written
// to those is lost, and so may be the job. invalid_argument if `path` leads to a descriptor of this
// process above standard error that is not open, or that the launcher has left open in its ranks.
// Nothing for all other paths.
std::optional<Failure> check_descriptor(const std::string& path, const Launcher& launcher);

}  // namespace mpiferry::cli
