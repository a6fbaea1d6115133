// Gives tests the clock of this machine.
#pragma once

#include "engine/clock/clock.hpp"

namespace mpiferry {

inline const clock::SteadyClock steady;

}  // namespace mpiferry
