#include "cli/start.hpp"

#include <chrono>
#include <cstdio>
#include <memory>

#include "cli/ending.hpp"
#include "engine/base/alarm.hpp"

namespace mpiferry::cli {
namespace {

// Large jobs on busy machines take seconds.
constexpr std::chrono::seconds kPatience{10};
// The other ranks leave it to rank 0, which is perhaps not there: a script may start the program on
// some ranks only.
constexpr std::chrono::seconds kOthersPatience{60};

}  // namespace

mpi::Environment start_mpi(const Launcher& launcher) {
  forget_closed_pmi();
  std::unique_ptr<Alarm> alarm;
  if (launcher.size > 1) {
    alarm = Alarm::start(launcher.rank == 0 ? kPatience : kOthersPatience, [] {
      if (!Launcher::first_of_siblings("start")) return;
      say(stderr,
          "mpiferry: still waiting for all ranks to start (MPI_Init); does every host answer, and "
          "does every rank start this program?\n");
    });
  }
  return {};
}

}  // namespace mpiferry::cli
