// How the ranks of `mpiferry tune` wait for each other, outside of its jobs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/process/interruption.hpp"
#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/mpi/communicator.hpp"

namespace mpiferry::cli {

// Collectives with a time limit: a rank that has stopped must not keep the others for ever, nor
// swallow a Ctrl-C. After a failure some rank is out of reach: no further collective, only
// MPI_Abort.
//
// Rank 0 waits for the others as long as a job does for a worker; they wait longer, as rank 0 knows
// who is missing. After a signal all wait for a moment only.
class TimedCollectives {
 public:
  // `stuck` is called once, when a wait goes on after a signal, so that the job may be aborted.
  TimedCollectives(mpi::NativeCommunicator communicator, Rank self, Interruption& interruption,
                   std::function<void()> stuck);

  // `name` is for people: "the barrier at the start". A failure is worker_stalled or interrupted,
  // with the rank that is missing.
  //
  // Rank 0's text.
  Result<std::string> share(const std::string& name, std::string text);
  // Every rank's numbers, by rank; as many from each.
  Result<std::vector<std::uint64_t>> gather(const std::string& name,
                                            const std::vector<std::uint64_t>& mine);
  // The lowest rank that passes true, if one does. Start::first_refused() on other ranks matches
  // it.
  Result<std::optional<Rank>> lowest_with(const std::string& name, bool mine);

 private:
  class Wait;
  Failure failure(const std::string& name, const Wait& wait, Rank missing);

  mpi::NativeCommunicator communicator_;
  Rank self_;
  Interruption& interruption_;
  std::function<void()> stuck_;
};

}  // namespace mpiferry::cli
