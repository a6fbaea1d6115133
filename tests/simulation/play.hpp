// Plays a scenario with the code that ships, and looks at what came of it.
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/scenario.hpp"

namespace mpiferry::simulation {

struct Played {
  std::vector<std::string> broken;  // promises, in words; none if all were kept
  std::vector<std::string> trace;   // if asked for
};

Played play(const Scenario& scenario, bool trace);

}  // namespace mpiferry::simulation
