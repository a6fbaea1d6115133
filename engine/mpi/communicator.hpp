// A communicator of our own: no foreign message can meet ours, and errors come back as values.
#pragma once

#include <string>

#include <mpi.h>

#include "engine/base/units.hpp"

namespace mpiferry::mpi {

// What callers of run() pass: MPI_COMM_WORLD, for example.
using NativeCommunicator = MPI_Comm;

// Owns a duplicate of the parent with MPI_ERRORS_RETURN, or borrows one that is ours alone.
// Move-only. All members must be called from the thread that initialised MPI.
class Communicator {
 public:
  // Collective over `parent`; blocks, so it belongs to start-up. Throws if MPI refuses, or if MPI
  // was not initialised, or not for this thread (at least MPI_THREAD_FUNNELED, main thread).
  static Communicator duplicate(NativeCommunicator parent);
  // Not collective: it waits for nobody. For `native` on which nobody else sends meanwhile; it gets
  // MPI_ERRORS_RETURN, too. Throws as `duplicate` does.
  static Communicator borrow(NativeCommunicator native);

  Communicator(Communicator&& other) noexcept;
  Communicator& operator=(Communicator&&) = delete;
  // Frees a duplicate, unless MPI is finalized or `abandon` was called.
  ~Communicator();

  // Leaves the duplicate to MPI: for ends at which some rank will never free it.
  void abandon() noexcept { native_ = MPI_COMM_NULL; }

  Rank rank() const noexcept { return rank_; }
  // Ranks, the master included.
  int size() const noexcept { return size_; }
  NativeCommunicator native() const noexcept { return native_; }

 private:
  Communicator(NativeCommunicator native, bool owned);
  NativeCommunicator native_ = MPI_COMM_NULL;
  bool owned_;
  Rank rank_;
  int size_ = 0;
};

// The host's name as MPI knows it.
std::string host_name();

}  // namespace mpiferry::mpi
