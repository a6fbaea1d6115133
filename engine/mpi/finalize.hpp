// The end of a rank: MPI_Finalize where it returns, and a way out where it may not.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "engine/base/failure.hpp"

namespace mpiferry::mpi {

// Hears why the ranks cannot leave together, and the status with which this one therefore leaves.
// Called on one rank of those that can reach each other. Must not throw.
using OnLost = std::function<void(const Failure&, int exit_code)>;

struct Ending {
  int exit_code = 0;
  // How long the other ranks wait for rank 0, which may have a report to write; nothing: as long as
  // it takes.
  std::optional<std::chrono::milliseconds> patience = std::chrono::seconds{60};
  OnLost on_lost = {};
};

// Ends this rank's part in the MPI job and then the process, with the exit code, in bounded time.
// Collective over MPI_COMM_WORLD: meets the other ranks without blocking (MPI_Iallreduce, tested
// with naps), so that nobody leaves while another still needs it. Flushes stdio. Call it from the
// thread that initialised MPI.
//
// If the others do not come within 30 s of rank 0, if rank 0 does not come within their patience,
// or if MPI fails, all ranks are ended with MPI_Abort. What has been decided stays: the status is
// the exit code. Only a rank other than 0 that was to leave with 0 leaves with 6 (stalled), as it
// cannot know whether rank 0 has done all that it had to do.
//
// Where MPI_Finalize is safe it is called, and static destructors run; if it has not returned after
// 10 s, the process ends without it, and the launcher ends the ranks that are left. Where it may
// hang (finalize_risk.hpp) it is not called: the rank tells the launcher over PMI that it has
// finalized, and ends with _exit.
[[noreturn]] void finalize_and_exit(const Ending& ending) noexcept;
[[noreturn]] inline void finalize_and_exit(int exit_code) noexcept {
  finalize_and_exit(Ending{.exit_code = exit_code});
}

}  // namespace mpiferry::mpi
