#include "cli/process/start.hpp"

#include <chrono>
#include <cstdio>

#include <fmt/format.h>

#include "cli/process/exit_code.hpp"
#include "cli/process/finish.hpp"
#include "cli/process/message.hpp"
#include "cli/process/pmi.hpp"
#include "engine/base/turn.hpp"
#include "engine/job/preflight.hpp"
#include "engine/mpi/communicator.hpp"
#include "engine/mpi/exchange.hpp"
#include "engine/posix/posix_storage.hpp"

namespace mpiferry::cli {
namespace {

// For the first collective, once MPI is up. Rank 0 knows who is missing, so it gives up first; of
// the others the lowest that is there.
constexpr std::chrono::seconds kStartLimit{60};
constexpr std::chrono::seconds kWorkerExtra{5};

std::unique_ptr<Alarm> watch_start(const Launcher& launcher) {
  forget_closed_pmi();
  const auto patience = launcher.start_patience();
  if (!patience) return nullptr;
  return Alarm::start(*patience, [] {
    print(stderr,
          "mpiferry: still waiting for all ranks to start (MPI_Init); does every host answer, and "
          "does every rank start this program?\n");
  });
}

std::chrono::milliseconds start_limit(Rank self) {
  if (self == kMaster) return kStartLimit;
  return kStartLimit + kWorkerExtra + turn_of(self);
}

[[noreturn]] void give_up(Rank missing) {
  print(stderr,
        error_text({.code = Errc::worker_stalled,
                    .rank = missing,
                    .detail = fmt::format(
                        "started MPI, but did not reach the barrier at the start within {} s",
                        kStartLimit.count()),
                    .hint = "check that rank and its host"}));
  mpi::Environment::abort(exit_code(Errc::worker_stalled));
}

Outcome check_open_files() {
  posix::PosixStorage storage;
  return job::check_open_files(storage);
}

}  // namespace

Start::Start(const Launcher& launcher)
    : alarm_(watch_start(launcher)), ready_(check_open_files()) {}

std::optional<Failure> Start::lack_of_ranks(const Launcher& launcher, int min_ranks,
                                            std::string_view command) const {
  const int size = environment_.size();
  const bool alone = size == 1 && launcher.several();
  if (size >= min_ranks && !alone) return std::nullopt;
  return too_few_ranks(launcher, mpi::Environment::library_version(), command);
}

void Start::check_ranks() {
  std::optional<Rank> refused;
  if (environment_.size() > 1) {
    refused = first_refused(!ready_);
  } else if (!ready_) {
    refused = kMaster;
  }
  if (!refused) return;
  explain(*refused);
  end_program(exit_code(ErrorClass::usage));
}

void Start::explain(Rank refused) const {
  if (ready_ || refused != Rank{environment_.rank()}) return;
  Failure failure = ready_.error();
  failure.rank = refused;
  failure.host = mpi::host_name();
  print(stderr, error_text(failure));
}

std::optional<Rank> Start::first_refused(bool refused) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + start_limit(Rank{environment_.rank()});
  const mpi::Lowest lowest = mpi::lowest_with(mpi::Environment::world(), refused,
                                              [deadline] { return Clock::now() > deadline; });
  if (lowest.missing) give_up(*lowest.missing);
  complete();
  return lowest.rank;
}

}  // namespace mpiferry::cli
