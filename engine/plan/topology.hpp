// With whom a rank exchanges chunks. Pure arithmetic.
#pragma once

#include "engine/base/units.hpp"

namespace mpiferry::plan {

class Topology {
 public:
  // The master exchanges chunks with every worker, and no worker with another.
  static constexpr Topology star() noexcept { return Topology{}; }

  // The rank next to a worker on the way to the master: chunks come from there and their answers go
  // there; in a gather, requests come from there and chunks go there.
  constexpr Rank upstream_of(Rank /*worker*/) const noexcept { return kMaster; }

 private:
  constexpr Topology() = default;
};

}  // namespace mpiferry::plan
