#include "cli/start.hpp"

#include <chrono>
#include <cstdio>
#include <optional>

#include "cli/ending.hpp"
#include "engine/base/alarm.hpp"

namespace mpiferry::cli {
namespace {

// Large jobs on busy machines take seconds.
constexpr std::chrono::seconds kPatience{10};

}  // namespace

mpi::Environment start_mpi(const Launcher& launcher) {
  std::optional<Alarm> alarm;
  if (launcher.size > 1 && launcher.speaks()) {
    alarm.emplace(kPatience, [] {
      say(stderr,
          "mpiferry: still waiting for all ranks to start (MPI_Init); does every host answer, and "
          "has it this program?\n");
    });
  }
  return {};
}

}  // namespace mpiferry::cli
