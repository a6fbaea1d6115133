// The public entry: move a file from rank 0 to the other ranks of a communicator.
//
//   MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
//   mpiferry::ScatterReport report = mpiferry::scatter(MPI_COMM_WORLD, {.source = "big.dat"});
#pragma once

#include <functional>

#include "engine/job/job_report.hpp"
#include "engine/job/observer.hpp"
#include "engine/mpi/communicator.hpp"
#include "engine/operations/gather/options.hpp"
#include "engine/operations/gather/report.hpp"
#include "engine/operations/scatter/options.hpp"
#include "engine/operations/scatter/report.hpp"
#include "engine/operations/verify/options.hpp"
#include "engine/operations/verify/report.hpp"

namespace mpiferry {

// Collective over `communicator`, which stays the caller's: every rank calls it, rank 0 with the
// options that count (the others take theirs from the job). Call it from the thread that
// initialised MPI, outside any other MPI epoch. Expected failures (files, peers, users) are in the
// report, rank 0's being the one that counts; the workers' verdict is the same.
// It does not end MPI: call finalize_and_exit(), or, in a program that goes on and ends itself,
// MPI_Abort if `report.job.abandoned` (some rank is out of reach, and MPI_Finalize would wait for
// it) and else MPI_Finalize, which MPICH before 4.2 may never return from on several hosts.
// Throws std::exception for what nobody expects: MPI refuses to work, memory is exhausted.
// It begins with MPI_Comm_dup and with a look who shares cores, and these wait for every rank as
// long as it takes: only the caller knows when its ranks come. From then on the stall timeout
// counts. scatter_on() below begins without them.
ScatterReport scatter(mpi::NativeCommunicator communicator, const ScatterOptions& options,
                      Observer& observer);
ScatterReport scatter(mpi::NativeCommunicator communicator, const ScatterOptions& options);

// Brings back what was scattered, into a file on rank 0; looks whether it is all there. Collective
// in the same way; any number of ranks, also one alone. The options count on rank 0.
GatherReport gather(mpi::NativeCommunicator parent, const GatherOptions& options,
                    Observer& observer);
VerifyReport verify(mpi::NativeCommunicator parent, const VerifyOptions& options,
                    Observer& observer);

// Ends MPI and then the process with `exit_code`, in bounded time and whatever MPI library this is.
// Every rank of MPI_COMM_WORLD calls it, with what its last report says of the job, from the thread
// that initialised MPI, when nothing of MPI is needed any more: requests of the caller's own are
// complete. Ends all ranks at once with MPI_Abort if `job.abandoned`, if they do not come within
// 30 s of rank 0, or if rank 0 does not come to the others within 7/4 of the job's stall timeout
// and at least 35 s: that is how long it may take to write a report. Without a stall timeout (0)
// they wait for rank 0 for ever. `on_lost` is told why, and with which status this rank leaves
// then: 6 in place of 0 on other ranks than rank 0. Flushes stdio; runs static destructors where
// MPI_Finalize is safe (engine/mpi/finalize.hpp).
using OnLost = std::function<void(const Failure&, int exit_code)>;
[[noreturn]] void finalize_and_exit(const JobReport& job, int exit_code,
                                    const OnLost& on_lost = {}) noexcept;

// The same on a communicator that is mpiferry's alone, for programs that run job after job:
// scatter() begins with a duplicate of the caller's and with a look who shares cores, which wait
// for every rank as long as it takes. This one waits only where a job gives up a silent rank
// (JobOptions::stall_timeout). `ranks_per_core`: of the communicator
// (engine/mpi/oversubscription.hpp). All ranks must be through with a job before one begins the
// next.
ScatterReport scatter_on(mpi::Communicator& communicator, double ranks_per_core,
                         const ScatterOptions& options, Observer& observer);

}  // namespace mpiferry
