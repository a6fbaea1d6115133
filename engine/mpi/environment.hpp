// MPI from MPI_Init_thread to MPI_Finalize, for programs that do not manage it themselves.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <mpi.h>

namespace mpiferry::mpi {

class Environment {
 public:
  // MPI_Init_thread with MPI_THREAD_FUNNELED. Throws std::runtime_error if MPI offers less. Errors
  // on MPI_COMM_WORLD and MPI_COMM_SELF return from now on: MPI_Testsome reports through them.
  Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  // Nothing: an MPI that was not finalized on purpose is not finalized by accident.
  ~Environment() = default;

  static MPI_Comm world() noexcept { return MPI_COMM_WORLD; }
  int rank() const;
  int size() const;

  // The lowest rank that passes true; nothing if none does. Collective, for start-up: waits as long
  // as it takes. Meets mpi::lowest_with of exchange.hpp on other ranks, which may give up.
  std::optional<int> lowest_with(bool mine) const;

  // Meets the other ranks without blocking (MPI_Ibarrier, polled with naps), then MPI_Finalize,
  // which would otherwise spin on every core until the slowest rank is there. False if the others
  // did not come within `patience` (nothing: for ever): MPI is then still running, and only `abort`
  // is left. A rank that has met the others and stops then keeps MPI_Finalize from returning: whose
  // patience is limited ends with `exit_code` 10 s later, and the launcher ends the others; it may
  // return what became of those.
  bool finalize(std::optional<std::chrono::milliseconds> patience, int exit_code = 0);

  // MPI_Abort on all ranks: mpirun ends them and returns `exit_code`. For ends at which some rank
  // does not answer any more.
  [[noreturn]] static void abort(int exit_code) noexcept;

  // "MPICH Version: 4.0.2", the first line of MPI_Get_library_version. Needs no initialisation.
  static std::string library_version();
};

}  // namespace mpiferry::mpi
