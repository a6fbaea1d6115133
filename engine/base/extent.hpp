// A part of a file.
#pragma once

#include "engine/base/units.hpp"

namespace mpiferry {

struct Extent {
  Bytes offset;
  Bytes length;
  bool operator==(const Extent&) const = default;
};

}  // namespace mpiferry
