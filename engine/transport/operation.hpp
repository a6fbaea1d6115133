// Names a started send or receive.
#pragma once

#include <cstdint>

namespace mpiferry::transport {

// Valid until the operation has been waited for or detached. A slot is used again with another
// generation, so that a name from an earlier use is recognised as stale.
struct Operation {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  bool operator==(const Operation&) const = default;
};

}  // namespace mpiferry::transport
