#include "engine/mpi/finalize.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <mpi.h>

#include "engine/base/alarm.hpp"
#include "engine/base/turn.hpp"
#include "engine/mpi/collective.hpp"
#include "engine/mpi/communicator.hpp"
#include "engine/mpi/environment.hpp"
#include "engine/mpi/error.hpp"
#include "engine/mpi/finalize_risk.hpp"
#include "engine/mpi/host_identity.hpp"

namespace mpiferry::mpi {
namespace {

// MPI_Finalize takes milliseconds once all ranks have met.
constexpr std::chrono::seconds kFinalizeLimit{10};
// All have ended their work by now.
constexpr std::chrono::milliseconds kMasterPatience{30'000};
constexpr std::chrono::milliseconds kMasterFirst{5'000};  // rank 0 knows whether it is there itself
constexpr std::chrono::milliseconds kPatience{60'000};    // of the others, where nothing sets one
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

// Whether all ranks have come to the end, or why not.
struct Meeting {
  bool complete = false;
  bool one_host = false;   // all ranks share it
  std::string error = {};  // of MPI
};

std::optional<std::chrono::milliseconds> patience_of(
    Rank self, std::optional<std::chrono::milliseconds> others) {
  if (self == kMaster) return kMasterPatience;
  if (!others) return std::nullopt;
  return std::max(*others, kMasterPatience + kMasterFirst);
}

// Meets the other ranks.
Meeting meet(std::optional<std::chrono::milliseconds> patience) {
  // The greatest complement is the complement of the least. Static: MPI keeps them if given up.
  static std::array<std::uint64_t, 2> own{};
  static std::array<std::uint64_t, 2> greatest{};
  Meeting meeting;
  try {
    const std::uint64_t host = own_host_identity(host_name()).hash();
    own = {host, ~host};
    MPI_Request request = MPI_REQUEST_NULL;
    const int result = MPI_Iallreduce(own.data(), greatest.data(), 2, MPI_UINT64_T, MPI_MAX,
                                      MPI_COMM_WORLD, &request);
    meeting.complete = finish("MPI_Iallreduce", result, request, patience);
    meeting.one_host = greatest[0] == ~greatest[1];
  } catch (const std::exception& error) {
    meeting.error = error.what();
  }
  return meeting;
}

Failure lost(Rank self, const std::string& error) {
  Failure failure{.code = Errc::peer_unreachable};
  if (!error.empty()) {
    failure.detail = "a connection was lost when the job had ended already (" + error + ")";
    failure.hint = "check the network between the hosts";
  } else if (self == kMaster) {
    failure.detail = "some rank did not finish after the job had ended";
    failure.hint = "check the hosts of the job and the network between them";
  } else {
    failure.rank = kMaster;
    failure.detail = "did not finish after the job had ended";
    failure.hint =
        "look at that host and at what takes its report (a pipe, a full disk); `stall_timeout` "
        "sets how "
        "long to wait";
  }
  return failure;
}

// Some rank is out of reach. The lowest that is there speaks, and ends all that it can reach.
[[noreturn]] void leave_alone(Rank self, const std::string& error, const Ending& ending) {
  const bool known = self == kMaster || ending.exit_code != 0;
  const int code = known ? ending.exit_code : static_cast<int>(ErrorClass::stalled);
  std::this_thread::sleep_for(turn_of(self));
  if (ending.on_lost) ending.on_lost(lost(self, error), code);
  Environment::abort(code);
}

}  // namespace

void finalize_and_exit(const Ending& ending) noexcept {
  const auto began = std::chrono::steady_clock::now();
  Rank self = kMaster;
  MPI_Comm_rank(MPI_COMM_WORLD, &self.value);
  const auto patience = patience_of(self, ending.patience);
  const Meeting meeting = meet(patience);
  if (!meeting.complete) {
    // After an error: rank 0 may still write its report, and then ends this rank, too.
    if (self != kMaster) std::this_thread::sleep_until(began + patience.value_or(kPatience));
    leave_alone(self, meeting.error, ending);
  }
  std::fflush(nullptr);
  const std::string library = whole_library_version();
  if (finalize_may_hang(library, meeting.one_host, variable("UCX_TLS"))) {
    tell_launcher(library);
    std::_Exit(ending.exit_code);
  }
  {
    // It says nothing to the launcher, so that the launcher ends the ranks that are left.
    const auto watchdog =
        Alarm::start(kFinalizeLimit, [code = ending.exit_code] { std::_Exit(code); });
    MPI_Finalize();  // all have met: an error changes nothing
  }
  std::exit(ending.exit_code);  // NOLINT(concurrency-mt-unsafe): the watchdog's thread has ended
}

}  // namespace mpiferry::mpi
