// What ranks tell each other beside the jobs. Collective over the communicator, each with a
// nonblocking call that is tested with yields and naps (collective.hpp). Throws if MPI refuses.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/mpi/communicator.hpp"

namespace mpiferry::mpi {

// Rank 0's text, on every rank; what others pass is not looked at. At most 1 MiB.
std::string share(NativeCommunicator communicator, std::string text);

// Every rank's number, by rank, on every rank.
std::vector<std::uint64_t> gather(NativeCommunicator communicator, std::uint64_t mine);

}  // namespace mpiferry::mpi
