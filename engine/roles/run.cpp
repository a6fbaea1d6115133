#include "engine/roles/run.hpp"

#include "engine/mpi/environment.hpp"
#include "engine/mpi/finalize.hpp"
#include "engine/mpi/mpi_context.hpp"
#include "engine/mpi/oversubscription.hpp"
#include "engine/protocol/master_deadline.hpp"
#include "engine/roles/gather_master.hpp"
#include "engine/roles/scatter_master.hpp"
#include "engine/roles/verify_master.hpp"
#include "engine/roles/worker.hpp"

namespace mpiferry {
namespace {

template <class Role, class Settings>
Report play(mpi::Communicator& communicator, double ranks_per_core, const Settings& options,
            Observer& observer) {
  boost::asio::io_context io{1};
  auto& context = boost::asio::use_service<mpi::MpiContext>(io);
  context.set_backoff(mpi::BackoffLimits::for_oversubscription(ranks_per_core));
  Role role{context, communicator, options, observer};
  boost::asio::co_spawn(io, role.run(), roles::Rethrow{});
  io.run();
  Report report = role.report();
  if (report.abandoned) communicator.abandon();
  return report;
}

template <class Role, class Settings>
Report recall(mpi::NativeCommunicator parent, const Settings& options, Observer& observer) {
  mpi::Communicator communicator = mpi::Communicator::duplicate(parent);
  const double oversubscription = mpi::ranks_per_core(communicator);
  if (communicator.rank() == kMaster) {
    return play<Role>(communicator, oversubscription, options, observer);
  }
  const Options settings{.stall_timeout = options.stall_timeout,
                         .build = options.build,
                         .handle_signals = options.handle_signals};
  return play<roles::Worker>(communicator, oversubscription, settings, observer);
}

}  // namespace

Report gather(mpi::NativeCommunicator parent, const GatherOptions& options, Observer& observer) {
  return recall<roles::GatherMaster>(parent, options, observer);
}

Report verify(mpi::NativeCommunicator parent, const VerifyOptions& options, Observer& observer) {
  return recall<roles::VerifyMaster>(parent, options, observer);
}

Report run_on(mpi::Communicator& communicator, double ranks_per_core, const Options& options,
              Observer& observer) {
  if (communicator.size() < 2) {
    return {.rank = communicator.rank(),
            .verdict = Errc::too_few_ranks,
            .failure =
                Failure{.code = Errc::too_few_ranks, .hint = "start it with mpirun -n 2 or more"},
            .source = options.source};
  }
  return communicator.rank() == kMaster
             ? play<roles::ScatterMaster>(communicator, ranks_per_core, options, observer)
             : play<roles::Worker>(communicator, ranks_per_core, options, observer);
}

Report run(mpi::NativeCommunicator parent, const Options& options, Observer& observer) {
  mpi::Communicator communicator = mpi::Communicator::duplicate(parent);
  return run_on(communicator, mpi::ranks_per_core(communicator), options, observer);
}

void finalize_and_exit(const Report& report, int exit_code, const OnLost& on_lost) noexcept {
  if (report.abandoned) mpi::Environment::abort(exit_code);
  mpi::Ending ending{.exit_code = exit_code, .patience = {}, .on_lost = on_lost};
  if (const auto longest = protocol::longest_silence(report.stall_timeout)) {
    ending.patience = std::chrono::duration_cast<std::chrono::milliseconds>(*longest);
  }
  mpi::finalize_and_exit(ending);
}

Report run(mpi::NativeCommunicator communicator, const Options& options) {
  Observer nobody;
  return run(communicator, options, nobody);
}

}  // namespace mpiferry
