// What the environment says of the launcher, before and beside MPI.
#pragma once

#include <optional>
#include <string>

#include "engine/base/failure.hpp"

namespace mpiferry::cli {

struct Launcher {
  std::string name;  // "Open MPI's mpirun", "srun", "MPICH's mpirun"; empty: none
  int rank = 0;
  int size = 1;

  // From the variables that launchers set for their ranks.
  static Launcher detect();

  // Whether Slurm started several of us at once. Its variables are in a batch script and in a shell
  // of salloc as well, and those are steps of one task, or none.
  static bool several_slurm_tasks();

  // A warning for those who want to read standard input through this launcher; or nothing.
  std::string standard_input_warning() const;

  // This rank speaks for all: usage errors are found before MPI could tell the ranks apart.
  bool speaks() const noexcept { return rank == 0; }

  // For ranks that fail together but can not talk to each other: those that do not speak wait, for
  // kSpeakerPatience at most, so that the launcher does not end the speaker for another's failure
  // before it has spoken.
  void let_speaker_fail_first() const;
};

// What is wrong if MPI came up with one rank only. `library`: the MPI that this program is built
// with.
Failure too_few_ranks(const Launcher& launcher, const std::string& library);

}  // namespace mpiferry::cli
