#include "cli/process/launcher.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/process/environment.hpp"
#include "cli/process/message.hpp"
#include "cli/process/pmi.hpp"
#include "cli/process/process_tree.hpp"

namespace mpiferry::cli {
namespace {

// Long enough for a rank 0 that starts late on a busy machine.
constexpr std::chrono::seconds kPatience{2};
// How much later the siblings of the rank that reports may still look for it.
constexpr std::chrono::seconds kSlack{1};

constexpr std::string_view kMpich = "MPICH's mpirun";
constexpr std::string_view kSrun = "srun";

// The starter is a daemon of Open MPI 4 (orterun, orted) or 5 (prterun, prted), or its mpirun under
// any of its names.
bool is_child_of_open_mpi() { return is_named(starter(), {"orte", "prte", "mpirun", "mpiexec"}); }

// A program that a task starts, or a batch job that it submits, has another process id.
bool is_slurm_task() {
  std::vector<pid_t> started = line_of_descent();
  started.pop_back();
  const auto task = environment_number("SLURM_TASK_PID");
  return task && std::ranges::find(started, *task) != started.end();
}

struct Kind {
  std::string_view name;
  const char* rank;
  const char* size;
  bool (*is_direct)();
};

// srun comes before PMI, which it may serve as well.
constexpr auto kLaunchers = std::to_array<Kind>({
    {"Open MPI's mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", is_child_of_open_mpi},
    // Not SLURM_NTASKS, which in a batch script is the size of the job, not of a step.
    {kSrun, "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", is_slurm_task},
    {kMpich, "PMI_RANK", "PMI_SIZE", is_connected_to_pmi},
    {"a PMIx launcher", "PMIX_RANK", "", is_child_of_open_mpi},  // no variable has the size
});

bool standard_input_is_pipe() {
  struct stat status {};
  return ::fstat(STDIN_FILENO, &status) == 0 && S_ISFIFO(status.st_mode);
}

std::string start_hint(const Launcher& launcher, std::string_view command) {
  if (launcher.name == kMpich && !launcher.direct) {
    return fmt::format("start it with its own mpirun: mpirun -n 4 mpiferry {}", command);
  }
  if (!launcher.name.empty() && !launcher.direct && launcher.name != kSrun) {
    return fmt::format(
        "{} has set variables here: if it started this program, start it with the "
        "mpirun of its own MPI: mpirun.mpich -n 4 mpiferry {}",
        launcher.name, command);
  }
  if (environment_value("SLURM_JOB_ID") != nullptr) {
    return fmt::format("start it as: srun --mpi=pmi2 -n 4 mpiferry {}, or with mpirun", command);
  }
  return fmt::format("start it as: mpirun -n 4 mpiferry {}", command);
}

}  // namespace

Launcher Launcher::detect() {
  Launcher found;
  for (const Kind& kind : kLaunchers) {
    const auto rank = environment_number(kind.rank);
    if (!rank) continue;
    const bool direct = kind.is_direct();
    if (direct || found.name.empty()) {
      found = {std::string{kind.name}, *rank, environment_number(kind.size).value_or(1), direct};
    }
    if (direct) break;
  }
  if (std::string fault = pmi_fault(); !fault.empty()) {
    // The rank is unknown, and there may be others.
    found = {std::string{kMpich}, 0, std::max(2, environment_number("PMI_SIZE").value_or(2)), true,
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
    return warning_line(
        "MPICH's mpirun ends the job when more than 64 KiB of standard input wait unread (MPICH "
        "issue 2336); a FIFO in place of - is safe");
  }
  // Rank 0 cannot see it: it has a pipe in either case.
  if (name == kSrun && rank == 1 && standard_input_is_pipe()) {
    return warning_line(
        "srun sends standard input to every rank, and waits for those that do not read it; use "
        "srun --input=0");
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
  // A socket in the abstract namespace is no file, and is gone with the process.
  const std::string key = fmt::format("mpiferry.{}.{}", what, starter());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  key.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  const int holder = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return ::bind(holder, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         errno != EADDRINUSE;
}

Failure bad_environment(const Launcher& launcher) {
  return {.code = Errc::wrong_launcher,
          .detail = fmt::format("{} started this program, but somebody has changed the variables "
                                "that it sets: {}",
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
                              srun ? "does not speak PMI with" : "does not belong to", library),
        .hint = srun ? "start it with srun --mpi=pmi2, or with mpirun.mpich"
                     : "use the launcher of that MPI, such as mpirun.mpich or mpiexec.hydra"};
  }
  return {.code = Errc::too_few_ranks,
          .detail = "one rank cannot move files: a master and at least one worker are needed",
          .hint = start_hint(launcher, command)};
}

}  // namespace mpiferry::cli
