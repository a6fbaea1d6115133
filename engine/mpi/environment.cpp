#include "engine/mpi/environment.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#include "engine/base/alarm.hpp"
#include "engine/mpi/error.hpp"

namespace mpiferry::mpi {
namespace {

// Once in some 300 aborts on a busy machine mpirun ended without the message that had been written
// right before; the cause is taken to be hydra, which could not be made to do it again.
constexpr std::chrono::milliseconds kLastWords{100};

// A launcher that is there ends an aborting rank within milliseconds.
constexpr std::chrono::milliseconds kAbortLimit{500};

}  // namespace

Environment::Environment() {
  int level = MPI_THREAD_SINGLE;
  require("MPI_Init_thread", MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level));
  // MPICH's handler asks the launcher which ranks have failed. Without one it starts a process
  // manager and waits for it for ever.
  std::signal(SIGUSR1, SIG_IGN);
  if (level < MPI_THREAD_FUNNELED) {
    throw std::runtime_error{"this MPI does not support MPI_THREAD_FUNNELED"};
  }
  // A request that failed makes MPI_Testsome raise on MPI_COMM_WORLD (on MPI_COMM_SELF says MPI 4),
  // whatever its own communicator says; their default handler ends the job.
  for (MPI_Comm communicator : {MPI_COMM_WORLD, MPI_COMM_SELF}) {
    require("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN));
  }
}

int Environment::rank() const {
  int rank = 0;
  require("MPI_Comm_rank", MPI_Comm_rank(MPI_COMM_WORLD, &rank));
  return rank;
}

int Environment::size() const {
  int size = 0;
  require("MPI_Comm_size", MPI_Comm_size(MPI_COMM_WORLD, &size));
  return size;
}

void Environment::abort(int exit_code) noexcept {
  // One error, once: what there is to say has been said, and MPICH would add a line of its own.
  std::fflush(stderr);
  if (const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC); nowhere >= 0) {
    ::dup2(nowhere, STDERR_FILENO);
  }
  // What was said may still be on its way through the launcher, which ends when it hears of this.
  std::this_thread::sleep_for(kLastWords);
  // It waits for the launcher, which may be out of reach as well.
  const auto watchdog = Alarm::start(kAbortLimit, [exit_code] { std::_Exit(exit_code); });
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

std::string Environment::library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  require("MPI_Get_library_version", MPI_Get_library_version(text.data(), &length));
  std::string line{text.data(), static_cast<std::size_t>(length)};
  line.resize(std::min(line.find('\n'), line.size()));
  for (char& c : line) {
    if (c == '\t') c = ' ';
  }
  return line;
}

}  // namespace mpiferry::mpi
