#include "engine/mpi/collective.hpp"

#include <sched.h>
#include <thread>

#include "engine/mpi/error.hpp"

namespace mpiferry::mpi {
namespace {

// Tests with a yield between them before the first nap.
constexpr int kYields = 50;
constexpr std::chrono::microseconds kNap{100};

}  // namespace

bool finish(const char* call, int result, MPI_Request& request, const GiveUp& give_up, Rank peer) {
  require(call, result, peer);
  for (int tests = 0;; ++tests) {
    int done = 0;
    require(call, MPI_Test(&request, &done, MPI_STATUS_IGNORE), peer);
    if (done != 0) return true;
    if (give_up()) return false;
    if (tests < kYields) {
      ::sched_yield();
    } else {
      std::this_thread::sleep_for(kNap);
    }
  }
}

bool finish(const char* call, int result, MPI_Request& request,
            std::optional<std::chrono::milliseconds> patience) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  return finish(call, result, request,
                [&] { return patience && Clock::now() - begin > *patience; });
}

}  // namespace mpiferry::mpi
