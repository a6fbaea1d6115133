#include "cli/process/launcher.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/process/process_tree.hpp"

namespace mpiferry::cli {
namespace {

// Long enough for a rank 0 that starts late on a busy machine.
constexpr std::chrono::seconds kPatience{2};
// How much later than the one that reports its siblings may look for it.
constexpr std::chrono::seconds kSlack{1};

constexpr std::string_view kMpich = "MPICH's mpirun";
constexpr std::string_view kSrun = "srun";

const char* variable(const char* name) {
  return std::getenv(name);  // NOLINT(concurrency-mt-unsafe): no threads yet
}

std::optional<int> number(const char* name) {
  const char* const text = variable(name);
  if (text == nullptr) return std::nullopt;
  const std::string_view view{text};
  int value = 0;
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (error != std::errc{} || end != view.data() + view.size()) return std::nullopt;
  return value;
}

// This process, the wrappers above it, each of which starts a single command and waits for it, and
// last who has started them: perhaps a launcher. Shells and interpreters are no wrappers: what they
// start may be one program of several.
std::vector<pid_t> line_of_descent() {
  static constexpr auto kWrappers = std::to_array<std::string_view>(
      {"timeout", "time", "strace", "ltrace", "perf", "flock", "setsid", "unshare"});
  constexpr std::size_t kMostWrappers = 4;
  std::vector<pid_t> line{::getpid(), ::getppid()};
  while (line.size() < kMostWrappers + 2 &&
         std::ranges::find(kWrappers, process_name(line.back())) != kWrappers.end()) {
    line.push_back(parent_process(line.back()));
  }
  return line;
}
pid_t starter() { return line_of_descent().back(); }

// The starter is a daemon of Open MPI 4 (orterun, orted) or 5 (prterun, prted), or its mpirun under
// any of its names.
bool is_child_of_open_mpi() {
  const std::string name_of_starter = process_name(starter());
  static constexpr auto kNames =
      std::to_array<std::string_view>({"orte", "prte", "mpirun", "mpiexec"});
  return std::ranges::any_of(
      kNames, [&](std::string_view name) { return name_of_starter.starts_with(name); });
}

// What a task starts, and a batch job that is submitted there, has another process id.
bool is_slurm_task() {
  std::vector<pid_t> started = line_of_descent();
  started.pop_back();
  const auto task = number("SLURM_TASK_PID");
  return task && std::ranges::find(started, *task) != started.end();
}

// A launcher closes its end when the rank has ended MPI. Nothing waits to be read before MPI_Init.
bool is_connected_to_pmi() {
  const auto channel = number("PMI_FD");
  int type = 0;
  socklen_t length = sizeof type;
  if (!channel || ::getsockopt(*channel, SOL_SOCKET, SO_TYPE, &type, &length) != 0) return false;
  pollfd state{*channel, POLLIN, 0};
  return ::poll(&state, 1, 0) == 0;
}

// Whether nobody on this host listens at PMI_PORT, "HOST:PORT", which some launchers set instead of
// PMI_FD: the address can be taken. That of another host cannot.
bool is_left_pmi_port() {
  const char* const place = variable("PMI_PORT");
  const std::string_view text{place != nullptr ? place : ""};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string host{text.substr(0, colon)};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), text.substr(colon + 1).data(), &hints, &found) != 0) return false;
  bool taken = false;
  bool free = false;
  for (const addrinfo* it = found; it != nullptr; it = it->ai_next) {
    const int probe = ::socket(it->ai_family, it->ai_socktype | SOCK_CLOEXEC, it->ai_protocol);
    const bool bound = ::bind(probe, it->ai_addr, it->ai_addrlen) == 0;
    free = free || bound;
    taken = taken || (!bound && errno == EADDRINUSE);
    ::close(probe);
  }
  ::freeaddrinfo(found);
  return free && !taken;
}

struct Kind {
  std::string_view name;
  const char* rank;
  const char* size;
  bool (*is_direct)();
};

// srun before PMI, which it may serve, too.
constexpr auto kLaunchers = std::to_array<Kind>({
    {"Open MPI's mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", is_child_of_open_mpi},
    // Not SLURM_NTASKS: in a batch script it is the size of the job, not of a step.
    {kSrun, "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", is_slurm_task},
    {kMpich, "PMI_RANK", "PMI_SIZE", is_connected_to_pmi},
    {"a PMIx launcher", "PMIX_RANK", "", is_child_of_open_mpi},  // no variable has the size
});

constexpr auto kPmiVariables =
    std::to_array<const char*>({"PMI_FD", "PMI_RANK", "PMI_SIZE", "PMI_PORT", "PMI_ID"});

// What a rank needs of the variables of a launcher that speaks PMI, and does not have: MPI_Init
// would wait for ever, or take every rank for a program of its own. "" if nothing is wrong.
std::string pmi_fault() {
  const bool none = std::ranges::all_of(kPmiVariables,
                                        [](const char* name) { return variable(name) == nullptr; });
  if (none && process_name(starter()) == "hydra_pmi_proxy") {
    return "PMI_FD, PMI_RANK and PMI_SIZE are missing";
  }
  if (!is_connected_to_pmi()) return {};
  const auto size = number("PMI_SIZE");
  const auto rank = number("PMI_RANK");
  if (size && *size > 0 && rank && *rank >= 0 && *rank < *size) return {};
  const char* const name = size && *size > 0 ? "PMI_RANK" : "PMI_SIZE";
  const char* const value = variable(name);
  if (value == nullptr) return fmt::format("{} is missing", name);
  return fmt::format("{} is {}", name, mpiferry::quoted(value));
}

bool standard_input_is_pipe() {
  struct stat status {};
  return ::fstat(STDIN_FILENO, &status) == 0 && S_ISFIFO(status.st_mode);
}

std::string start_hint(const Launcher& launcher, std::string_view command) {
  if (launcher.name == kMpich && !launcher.direct) {
    return fmt::format("give it an mpirun of its own: mpirun -n 4 mpiferry {}", command);
  }
  if (!launcher.name.empty() && !launcher.direct && launcher.name != kSrun) {
    return fmt::format(
        "{} has set variables here: if it started this program, start it with the "
        "mpirun of its own MPI: mpirun.mpich -n 4 mpiferry {}",
        launcher.name, command);
  }
  if (variable("SLURM_JOB_ID") != nullptr) {
    return fmt::format("start it as: srun --mpi=pmi2 -n 4 mpiferry {}, or with mpirun", command);
  }
  return fmt::format("start it as: mpirun -n 4 mpiferry {}", command);
}

}  // namespace

Launcher Launcher::detect() {
  Launcher found;
  for (const Kind& kind : kLaunchers) {
    const auto rank = number(kind.rank);
    if (!rank) continue;
    const bool direct = kind.is_direct();
    if (direct || found.name.empty()) {
      found = {std::string{kind.name}, *rank, number(kind.size).value_or(1), direct};
    }
    if (direct) break;
  }
  if (std::string fault = pmi_fault(); !fault.empty()) {
    // Which rank it is, nobody knows; there may be others.
    found = {std::string{kMpich}, 0, std::max(2, number("PMI_SIZE").value_or(2)), true,
             std::move(fault)};
  }
  return found;
}

std::optional<std::chrono::seconds> Launcher::start_patience() const noexcept {
  // Large jobs on busy machines take seconds.
  constexpr std::chrono::seconds kOfFirst{10};
  constexpr std::chrono::seconds kOfLast{60};
  if (size <= 1) return std::nullopt;
  if (rank == 0) return kOfFirst;
  return rank == size - 1 ? std::optional{kOfLast} : std::nullopt;
}

std::string Launcher::standard_input_warning() const {
  if (!direct || !fault.empty()) return {};
  if (name == kMpich && rank == 0) {
    return "mpiferry: warning: MPICH's mpirun ends the job when more than 64 KiB of standard input "
           "wait unread (MPICH issue 2336); a FIFO in place of - is safe\n";
  }
  // Rank 0 cannot see it: it has a pipe in either case.
  if (name == kSrun && rank == 1 && standard_input_is_pipe()) {
    return "mpiferry: warning: srun sends standard input to every rank, and waits for those that "
           "do not read it; use srun --input=0\n";
  }
  return {};
}

void Launcher::report_once(const std::function<void()>& report) const {
  if (!leads()) std::this_thread::sleep_for(kPatience);
  if (several() && !first_of_siblings("refusal")) return;
  report();
  if (several()) std::this_thread::sleep_for(kPatience + kSlack);
}

bool Launcher::first_of_siblings(std::string_view what) {
  // A name of Linux's own for sockets: no file, and gone with the process.
  const std::string key = fmt::format("mpiferry.{}.{}", what, starter());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  key.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  const int holder = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return ::bind(holder, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         errno != EADDRINUSE;
}

void forget_closed_pmi() {
  const bool left = variable("PMI_FD") != nullptr ? !is_connected_to_pmi() : is_left_pmi_port();
  if (!left) return;
  for (const char* name : kPmiVariables) {
    ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe)
  }
}

Failure bad_environment(const Launcher& launcher) {
  return {.code = Errc::wrong_launcher,
          .detail = fmt::format("{} has started this program, but not with the variables that it "
                                "sets: {}",
                                launcher.name, launcher.fault),
          .hint =
              "leave PMI_FD, PMI_RANK and PMI_SIZE as they are between mpirun and mpiferry "
              "(env -i, env -u and sudo remove them)"};
}

Failure too_few_ranks(const Launcher& launcher, const std::string& library,
                      std::string_view command) {
  if (launcher.several()) {
    const bool srun = launcher.name == kSrun;
    return {
        .code = Errc::wrong_launcher,
        .detail = fmt::format("{} started {} separate programs of one rank each: it {} the MPI of "
                              "this mpiferry ({})",
                              launcher.name, launcher.size,
                              srun ? "speaks no PMI with" : "does not belong to", library),
        .hint = srun ? "start it with srun --mpi=pmi2, or with mpirun.mpich"
                     : "use the launcher of that MPI, such as mpirun.mpich or mpiexec.hydra"};
  }
  return {.code = Errc::too_few_ranks,
          .detail = "one rank cannot move files: a master and at least one worker are needed",
          .hint = start_hint(launcher, command)};
}

}  // namespace mpiferry::cli
