#include "engine/api/run.hpp"

#include <optional>
#include <utility>

#include "engine/api/worker_half.hpp"
#include "engine/base/machine.hpp"
#include "engine/clock/clock.hpp"
#include "engine/job/master_session.hpp"
#include "engine/job/worker_session.hpp"
#include "engine/mpi/environment.hpp"
#include "engine/mpi/finalize.hpp"
#include "engine/mpi/mpi_context.hpp"
#include "engine/mpi/mpi_transport.hpp"
#include "engine/mpi/oversubscription.hpp"
#include "engine/operations/gather/gather_master.hpp"
#include "engine/operations/retrieval/retrieval_master.hpp"
#include "engine/operations/scatter/scatter_master.hpp"
#include "engine/operations/verify/verify_master.hpp"
#include "engine/posix/posix_storage.hpp"
#include "engine/protocol/master_deadline.hpp"

namespace mpiferry {
namespace {

// The event loop of one rank in one job, and what it offers to the job.
class JobLoop {
 public:
  JobLoop(mpi::Communicator& communicator, double ranks_per_core)
      : communicator_(communicator),
        environment_{.transport = transport_.emplace(boost::asio::use_service<mpi::MpiContext>(io_),
                                                     communicator),
                     .clock = clock_,
                     .threads = threads_,
                     .storage = storage_,
                     .host = mpi::host_name(),
                     .machine = machine_id(mpi::host_name())} {
    boost::asio::use_service<mpi::MpiContext>(io_).set_backoff(
        mpi::BackoffLimits::for_oversubscription(ranks_per_core));
  }

  const job::Environment& environment() const noexcept { return environment_; }

  // A session's task, until nothing is left to be done.
  template <class Session>
  JobReport run(const Session& session, job::Task<> task) {
    boost::asio::co_spawn(io_, std::move(task), job::Rethrow{});
    io_.run();
    JobReport report = session.report();
    if (report.abandoned) communicator_.abandon();
    return report;
  }

 private:
  // The seams come first: where a job is given up, coroutines that still use them end with io_.
  clock::SteadyClock clock_;
  threads::SystemThreads threads_;
  posix::PosixStorage storage_;
  std::optional<mpi::MpiTransport> transport_;
  boost::asio::io_context io_{1};
  mpi::Communicator& communicator_;
  const job::Environment environment_;
};

JobReport run_worker(JobLoop& loop, const job::SessionOptions& options, Observer& observer) {
  job::WorkerSession session{loop.environment(), options, observer, make_worker_half};
  return loop.run(session, session.run());
}

template <class Report, class Consumer, class Options>
Report retrieve(mpi::NativeCommunicator parent, const Options& options, Observer& observer) {
  mpi::Communicator communicator = mpi::Communicator::duplicate(parent);
  JobLoop loop{communicator, mpi::ranks_per_core(communicator)};
  if (communicator.rank() != kMaster) {
    return {.job = run_worker(loop, options.job.session(), observer)};
  }
  job::MasterSession session{loop.environment(), options.job.session(), observer};
  Consumer consumer{options};
  operations::RetrievalMaster half{session, options.directory, options.job, consumer};
  JobReport report = loop.run(session, session.run(half));
  return consumer.report(std::move(report), half.report());
}

}  // namespace

GatherReport gather(mpi::NativeCommunicator parent, const GatherOptions& options,
                    Observer& observer) {
  return retrieve<GatherReport, operations::GatherMaster>(parent, options, observer);
}

VerifyReport verify(mpi::NativeCommunicator parent, const VerifyOptions& options,
                    Observer& observer) {
  return retrieve<VerifyReport, operations::VerifyMaster>(parent, options, observer);
}

ScatterReport scatter_on(mpi::Communicator& communicator, double ranks_per_core,
                         const ScatterOptions& options, Observer& observer) {
  if (communicator.size() < 2) {
    return {.job = {.rank = communicator.rank(),
                    .verdict = Errc::too_few_ranks,
                    .failure = Failure{.code = Errc::too_few_ranks,
                                       .hint = "start it with mpirun -n 2 or more"}},
            .transfer = {.source = options.source}};
  }
  JobLoop loop{communicator, ranks_per_core};
  if (communicator.rank() != kMaster) {
    return {.job = run_worker(loop, options.job.session(), observer)};
  }
  job::MasterSession session{loop.environment(), options.job.session(), observer};
  operations::ScatterMaster half{session, options};
  return half.report(loop.run(session, session.run(half)));
}

ScatterReport scatter(mpi::NativeCommunicator parent, const ScatterOptions& options,
                      Observer& observer) {
  mpi::Communicator communicator = mpi::Communicator::duplicate(parent);
  return scatter_on(communicator, mpi::ranks_per_core(communicator), options, observer);
}

ScatterReport scatter(mpi::NativeCommunicator communicator, const ScatterOptions& options) {
  Observer nobody;
  return scatter(communicator, options, nobody);
}

void finalize_and_exit(const JobReport& job, int exit_code, const OnLost& on_lost) noexcept {
  if (job.abandoned) mpi::Environment::abort(exit_code);
  mpi::Ending ending{.exit_code = exit_code, .patience = {}, .on_lost = on_lost};
  if (const auto longest = protocol::longest_silence(job.stall_timeout)) {
    ending.patience = std::chrono::duration_cast<std::chrono::milliseconds>(*longest);
  }
  mpi::finalize_and_exit(ending);
}

}  // namespace mpiferry
