// Runs GoogleTest under mpiexec: every rank runs the same tests, rank 0 prints the results, the
// others print only their failures, and all end with the same verdict.
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>
#include <mpi.h>

#include "engine/mpi/environment.hpp"
#include "engine/mpi/finalize.hpp"

namespace {

using namespace std::chrono_literals;

// A test that lost a message waits for ever, so the time of the whole program is limited. Below the
// limit of ctest, whose own end says nothing of the reason.
constexpr unsigned kWatchdogSeconds = 100;
constexpr auto kVerdictPatience = 10s;
constexpr int kTimedOut = 124;

// What the watchdog says; kept ready, as a signal handler may not format.
std::array<char, 256> watchdog_text{};

void bark(int) {
  const auto length = ::strnlen(watchdog_text.data(), watchdog_text.size());
  [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, watchdog_text.data(), length);
  ::_exit(kTimedOut);  // mpiexec ends the other ranks
}

class RankReporter : public ::testing::EmptyTestEventListener {
 public:
  explicit RankReporter(int rank) : rank_(rank) {}

 private:
  void OnTestStart(const ::testing::TestInfo& test) override {
    name_ = std::string{test.test_suite_name()} + '.' + test.name();
    std::snprintf(watchdog_text.data(), watchdog_text.size(),
                  "rank %d: watchdog: no end within %u s, last seen in %s\n", rank_,
                  kWatchdogSeconds, name_.c_str());
  }
  // GoogleTest holds its lock here: ask it nothing.
  void OnTestPartResult(const ::testing::TestPartResult& result) override {
    if (rank_ == 0 || !result.failed()) return;  // rank 0 has GoogleTest's own printer
    std::fprintf(stderr, "rank %d: %s: %s:%d: %s\n", rank_, name_.c_str(),
                 result.file_name() != nullptr ? result.file_name() : "?", result.line_number(),
                 result.summary());
  }

  std::string name_;
  int rank_;
};

// Returns the worst verdict of all ranks; nothing blocks, because a rank may be lost.
int combine(int verdict) {
  int worst = 1;
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Iallreduce(&verdict, &worst, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD, &request);
  const auto deadline = std::chrono::steady_clock::now() + kVerdictPatience;
  for (int done = 0; done == 0;) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (done != 0) break;
    if (std::chrono::steady_clock::now() > deadline) {
      std::fputs("some rank did not come to the end of the tests\n", stderr);
      mpiferry::mpi::Environment::abort(kTimedOut);
    }
    std::this_thread::sleep_for(1ms);
  }
  return worst;
}

}  // namespace

int main(int argc, char** argv) {
  std::strcpy(watchdog_text.data(), "watchdog: no end before the first test\n");
  std::signal(SIGALRM, bark);
  ::alarm(kWatchdogSeconds);

  const mpiferry::mpi::Environment environment;
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  ::testing::InitGoogleTest(&argc, argv);
  auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
  if (rank != 0) {
    delete listeners.Release(listeners.default_result_printer());
    delete listeners.Release(listeners.default_xml_generator());
  }
  listeners.Append(new RankReporter{rank});  // GoogleTest owns it

  const int own_verdict = RUN_ALL_TESTS() == 0 ? 0 : 1;
  const int verdict = combine(own_verdict);
  if (rank == 0 && verdict != own_verdict) std::puts("[  FAILED  ] on another rank, see above");
  mpiferry::mpi::finalize_and_exit(verdict);
}
