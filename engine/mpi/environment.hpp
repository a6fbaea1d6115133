// MPI from MPI_Init_thread on, for programs that do not manage it themselves. finalize.hpp ends it.
#pragma once

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
  // Does nothing: MPI ends with finalize_and_exit or with abort.
  ~Environment() = default;

  static MPI_Comm world() noexcept { return MPI_COMM_WORLD; }
  int rank() const;
  int size() const;

  // MPI_Abort on all ranks: mpirun ends them and returns `exit_code`. For ends at which some rank
  // does not answer any more. Where the launcher does not answer either, this process alone ends.
  [[noreturn]] static void abort(int exit_code) noexcept;

  // "MPICH Version: 4.0.2", the first line of MPI_Get_library_version. Needs no initialisation.
  static std::string library_version();
};

}  // namespace mpiferry::mpi
