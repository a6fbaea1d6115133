// What goes wrong on a simulated disk.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "tests/simulation/world.hpp"

namespace mpiferry::simulation {

// Each is a share of calls, from 0 to 1.
struct DiskFaults {
  double error = 0;        // fails: writes, syncs, new names, reads at an offset
  double short_write = 0;  // transfers a part only, of at least a byte
  double interrupt = 0;    // EINTR
};

// Decides about each call. Takes no random number where nothing can go wrong.
class FaultDice {
 public:
  FaultDice(World& world, const DiskFaults& faults) : world_(world), faults_(faults) {}

  // EIO, or 0 if the call works. `writes`: or ENOSPC.
  int error(bool writes) {
    if (!falls(faults_.error)) return 0;
    return writes && world_.chance(0.5) ? ENOSPC : EIO;
  }
  bool interrupts() { return falls(faults_.interrupt); }
  // How many of so many bytes are transferred.
  std::size_t part(std::size_t bytes) {
    if (bytes < 2 || !falls(faults_.short_write)) return bytes;
    return 1 + world_.number(bytes - 2);
  }

 private:
  bool falls(double probability) { return probability > 0 && world_.chance(probability); }

  World& world_;
  const DiskFaults& faults_;
};

}  // namespace mpiferry::simulation
