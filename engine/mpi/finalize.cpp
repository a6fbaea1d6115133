#include "engine/mpi/finalize.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

#include <mpi.h>

#include "engine/base/alarm.hpp"
#include "engine/mpi/collective.hpp"
#include "engine/mpi/communicator.hpp"
#include "engine/mpi/environment.hpp"
#include "engine/mpi/error.hpp"
#include "engine/mpi/finalize_risk.hpp"

namespace mpiferry::mpi {
namespace {

// MPI_Finalize takes milliseconds once all ranks have met.
constexpr std::chrono::seconds kFinalizeLimit{10};
// All have ended their work by now; rank 0, which may have a report to write, gives up first.
constexpr std::chrono::seconds kMasterPatience{30};
constexpr std::chrono::seconds kWorkerPatience{60};
// A launcher answers within a millisecond; one that has died never does.
constexpr std::chrono::milliseconds kLauncherPatience{1000};

std::string whole_library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  require("MPI_Get_library_version", MPI_Get_library_version(text.data(), &length));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::optional<std::string_view> variable(const char* name) noexcept {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? std::nullopt : std::optional<std::string_view>{value};
}

// PMI-1's word for an orderly end (hydra, Slurm's pmi2). To a launcher that has not heard it, a
// rank that ends early has failed, and the others are ended with it.
void tell_launcher(std::string_view library) noexcept {
  if (library.find("--with-pmi=pmi2") != std::string_view::npos) return;  // has other words
  const auto text = variable("PMI_FD");
  int channel = -1;
  if (!text) return;
  std::from_chars(text->data(), text->data() + text->size(), channel);
  static constexpr std::string_view kFinalize = "cmd=finalize\n";
  if (channel < 0 || ::send(channel, kFinalize.data(), kFinalize.size(), MSG_NOSIGNAL) < 0) return;
  pollfd answer{channel, POLLIN, 0};
  if (::poll(&answer, 1, static_cast<int>(kLauncherPatience.count())) == 1) {
    std::array<char, 256> ignored{};
    [[maybe_unused]] const auto got = ::read(channel, ignored.data(), ignored.size());
  }
}

// Meets the other ranks. Returns whether all are on one host; ends all if they do not come.
bool meet(int exit_code) {
  int rank = 0;
  require("MPI_Comm_rank", MPI_Comm_rank(MPI_COMM_WORLD, &rank));
  // The greatest complement is the complement of the least.
  const std::uint64_t host = std::hash<std::string>{}(host_name());
  const std::array<std::uint64_t, 2> own{host, ~host};
  std::array<std::uint64_t, 2> greatest{};
  MPI_Request request = MPI_REQUEST_NULL;
  const int result = MPI_Iallreduce(own.data(), greatest.data(), 2, MPI_UINT64_T, MPI_MAX,
                                    MPI_COMM_WORLD, &request);
  if (!finish("MPI_Iallreduce", result, request, rank == 0 ? kMasterPatience : kWorkerPatience))
    Environment::abort(exit_code);
  return greatest[0] == ~greatest[1];
}

}  // namespace

void finalize_and_exit(int exit_code) {
  const bool one_host = meet(exit_code);
  std::fflush(nullptr);
  const std::string library = whole_library_version();
  if (finalize_may_hang(library, one_host, variable("UCX_TLS"))) {
    tell_launcher(library);
    std::_Exit(exit_code);
  }
  {
    // It says nothing to the launcher, so that the launcher ends the ranks that are left.
    const auto watchdog = Alarm::start(kFinalizeLimit, [exit_code] { std::_Exit(exit_code); });
    require("MPI_Finalize", MPI_Finalize());
  }
  std::exit(exit_code);  // NOLINT(concurrency-mt-unsafe): the watchdog's thread has ended
}

}  // namespace mpiferry::mpi
