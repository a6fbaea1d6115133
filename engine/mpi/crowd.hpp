// How many ranks have to share a core.
#pragma once

#include "engine/mpi/communicator.hpp"

namespace mpiferry::mpi {

// Ranks of the communicator on this host, divided by the cores that they together may run on
// (sched_getaffinity, so mpirun's binding counts; a container's quota of time does not). Above 1,
// somebody waits for a core whenever all want one. Collective over the communicator, for start-up.
// Throws if MPI refuses.
double ranks_per_core(const Communicator& communicator);

}  // namespace mpiferry::mpi
