// The end of a rank: MPI_Finalize where it returns, and a way out where it may not.
#pragma once

namespace mpiferry::mpi {

// Ends this rank's part in the MPI job and then the process, with `exit_code`, in bounded time.
// Collective over MPI_COMM_WORLD: meets the other ranks without blocking (MPI_Iallreduce, tested
// with naps), so that nobody leaves while another still needs it. Flushes stdio. Call it from the
// thread that initialised MPI.
//
// If the others do not come within 30 s of rank 0, or rank 0 within a minute of another, all ranks
// are ended with MPI_Abort. Where MPI_Finalize is safe it is called, and static destructors run; if
// it has not returned after 10 s, the process ends without it, and the launcher ends the ranks that
// are left. Where it may hang (finalize_risk.hpp) it is not called: the rank tells the launcher
// over PMI that it has finalized, and ends with _exit.
[[noreturn]] void finalize_and_exit(int exit_code);

}  // namespace mpiferry::mpi
