// The clock of this machine, for tests.
#pragma once

#include "engine/clock/clock.hpp"

namespace mpiferry {

inline const clock::SteadyClock steady;

}  // namespace mpiferry
