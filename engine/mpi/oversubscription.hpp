// How many ranks have to share a core.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/mpi/communicator.hpp"

namespace mpiferry::mpi {

// Ranks of the communicator on this host, divided by the cores that they together may run on
// (sched_getaffinity, so mpirun's binding counts; a container's quota of time does not). Above 1,
// somebody waits for a core whenever all want one. Collective over the communicator, for start-up.
// Throws if MPI refuses.
double ranks_per_core(const Communicator& communicator);

// The same for those who tell each other in their own way where they run (exchange.hpp): what each
// rank has to say, and what it means on the rank `self` when all have said it, one after the other.
std::vector<std::uint64_t> own_place();
double ranks_per_core(const std::vector<std::uint64_t>& places, Rank self);

}  // namespace mpiferry::mpi
