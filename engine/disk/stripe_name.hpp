// The name of a worker's file in the layout `stripes`.
#pragma once

#include <string>

#include "engine/base/units.hpp"

namespace mpiferry::disk {

// "stripe_3.bin"
inline std::string stripe_name(Rank worker) {
  return "stripe_" + std::to_string(worker.value) + ".bin";
}

}  // namespace mpiferry::disk
