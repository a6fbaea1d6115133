// Has the disks of a cluster.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "engine/base/units.hpp"
#include "tests/simulation/disk/disk.hpp"

namespace mpiferry::simulation {

// Two ranks run on each host. The hosts share one disk, or have one each.
inline std::uint32_t host_of(Rank rank) noexcept {
  return static_cast<std::uint32_t>(rank.value) / 2;
}

class Disks {
 public:
  Disks(World& world, std::uint32_t ranks, bool shared) {
    const std::uint32_t disks = shared ? 1 : host_of(Rank{static_cast<int>(ranks) - 1}) + 1;
    for (std::uint32_t i = 0; i < disks; ++i) {
      disks_.push_back(std::make_unique<Disk>(world, DiskOptions{.device = 0x801 + i}));
    }
  }

  Disk& of(Rank rank) { return *disks_[host_of(rank) % disks_.size()]; }
  const Disk& of(Rank rank) const { return *disks_[host_of(rank) % disks_.size()]; }
  template <class Act>
  void each(Act act) {
    for (const auto& disk : disks_) act(*disk);
  }

 private:
  std::vector<std::unique_ptr<Disk>> disks_;
};

}  // namespace mpiferry::simulation
