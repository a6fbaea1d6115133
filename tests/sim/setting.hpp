// What every actor of a run is given.
#pragma once

#include "tests/sim/auditor.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/scenario.hpp"
#include "tests/sim/trace.hpp"
#include "tests/sim/world.hpp"

namespace mpiferry::sim {

struct Setting {
  const Scenario& scenario;
  World& world;
  Trace& trace;
  Faults& faults;
  Network& network;
  Auditor& auditor;
};

}  // namespace mpiferry::sim
