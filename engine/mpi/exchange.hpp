// What ranks tell each other beside the jobs. Collective over the communicator, on which nobody
// else may send with tag 0: each rank speaks with rank 0 alone, so that rank 0 knows who is missing
// and nobody waits for one who only passes things on. Nonblocking calls, tested with yields and
// naps (collective.hpp). Throws CallFailed if MPI refuses.
//
// Who gives up must not use the communicator again: calls may still be under way. What they work on
// is left to them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/units.hpp"
#include "engine/mpi/collective.hpp"
#include "engine/mpi/communicator.hpp"

namespace mpiferry::mpi {

// Rank 0's text, on every rank; what others pass is not looked at. At most 1 MiB. Rank 0 need not
// wait for the others, unless the text is long. Nothing if it was given up.
std::optional<std::string> share(NativeCommunicator communicator, std::string text,
                                 const GiveUp& give_up);

struct Gathered {
  std::vector<std::uint64_t> numbers = {};  // whole unless somebody is missing
  // Given up: on rank 0, the lowest rank that has not come; on the others, rank 0.
  std::optional<Rank> missing = {};
};

// Every rank's numbers (as many from each), by rank, on every rank. All are still there after rank
// 0 has come.
Gathered gather(NativeCommunicator communicator, const std::vector<std::uint64_t>& mine,
                const GiveUp& give_up);

struct Lowest {
  std::optional<Rank> rank = {};     // nothing if none passes true
  std::optional<Rank> missing = {};  // as above
};

// The lowest rank that passes true.
Lowest lowest_with(NativeCommunicator communicator, bool mine, const GiveUp& give_up);

}  // namespace mpiferry::mpi
