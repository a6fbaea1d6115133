// How faults are written on the command line.
#pragma once

#include <string>

#include "engine/wire/job.hpp"

namespace mpiferry::cli {

// Adds "corrupt=K[:N]", "stall=RANK[:AFTER]" or "delay=MICROSECONDS" to `faults`. Throws
// CLI::ValidationError, which names the forms.
void add_fault(wire::Faults& faults, const std::string& text);

}  // namespace mpiferry::cli
