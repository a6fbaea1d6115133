#include "cli/launcher.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>

#include <fmt/format.h>

namespace mpiferry::cli {
namespace {

struct Variables {
  std::string_view launcher;
  const char* rank;
  const char* size;
};

// Long enough for a rank 0 that starts late on a busy machine. The launcher ends the wait early: it
// ends all ranks when one has failed.
constexpr std::chrono::seconds kSpeakerPatience{2};

constexpr std::string_view kMpich = "MPICH's mpirun";

// srun last: the ranks of the others may see the variables of the batch job around them.
constexpr auto kLaunchers = std::to_array<Variables>({
    {"Open MPI's mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {kMpich, "PMI_RANK", "PMI_SIZE"},
    {"a PMIx launcher", "PMIX_RANK", "PMIX_SIZE"},
    {"srun", "SLURM_PROCID", "SLURM_NTASKS"},
});

std::optional<int> number(const char* variable) {
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): no threads yet
  if (text == nullptr) return std::nullopt;
  const std::string_view view{text};
  int value = 0;
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (error != std::errc{} || end != view.data() + view.size()) return std::nullopt;
  return value;
}

}  // namespace

Launcher Launcher::detect() {
  for (const Variables& variables : kLaunchers) {
    if (const auto rank = number(variables.rank)) {
      return {std::string{variables.launcher}, *rank, number(variables.size).value_or(1)};
    }
  }
  return {};
}

bool Launcher::several_slurm_tasks() {
  const bool step = std::getenv("SLURM_STEP_ID") != nullptr;  // NOLINT(concurrency-mt-unsafe)
  return step && number("SLURM_STEP_NUM_TASKS").value_or(1) > 1;
}

std::string Launcher::standard_input_warning() const {
  if (name != kMpich) return {};
  return "mpiferry: warning: MPICH's mpirun ends the job when more than 64 KiB of standard input "
         "wait unread (MPICH issue 2336); a FIFO in place of - is safe\n";
}

void Launcher::let_speaker_fail_first() const {
  if (!speaks()) std::this_thread::sleep_for(kSpeakerPatience);
}

Failure too_few_ranks(const Launcher& launcher, const std::string& library) {
  if (launcher.size > 1) {
    return {.code = Errc::wrong_launcher,
            .detail = fmt::format("{} started {} separate programs of one rank each: it does not "
                                  "belong to the MPI of this mpiferry ({})",
                                  launcher.name, launcher.size, library),
            .hint = "use the launcher of that MPI, such as mpirun.mpich or mpiexec.hydra"};
  }
  return {.code = Errc::too_few_ranks,
          .detail = "one rank cannot move files: a master and at least one worker are needed",
          .hint = "start it as: mpirun -n 4 mpiferry scatter SOURCE [DEST]"};
}

}  // namespace mpiferry::cli
