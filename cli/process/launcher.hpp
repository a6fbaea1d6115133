// What the environment says of the launcher, before and beside MPI.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/failure.hpp"

namespace mpiferry::cli {

// Launchers set variables for their ranks, and the variables outlive them: in a job script that
// starts the program alone, in a terminal that was opened there, in a batch job that was submitted
// there. So they say how to behave if a launcher did start this process, and `direct` whether it
// did.
struct Launcher {
  std::string name;  // "Open MPI's mpirun", "srun", "MPICH's mpirun"; empty: none
  int rank = 0;
  int size = 1;         // 1 if it is not known
  bool direct = false;  // it started this very process, or is connected with it
  // What is wrong with the variables that it sets, and somebody has changed since; "": nothing.
  std::string fault = {};

  // The launcher that started this process, else one whose variables are there.
  static Launcher detect();

  // It started this process as one of several.
  bool several() const noexcept { return direct && size > 1; }

  // Rank 0, or no rank of any launcher: what every rank would say alike is said here.
  bool leads() const noexcept { return rank == 0 || !direct; }

  // How long this rank waits for the others to start before it says so: rank 0 first; much later
  // the last rank, which is on another host if there are several, in case rank 0 is not there. The
  // others say nothing: hundreds of hosts have one thing to say.
  std::optional<std::chrono::seconds> start_patience() const noexcept;

  // A warning for those who want rank 0 to read standard input through this launcher, on the rank
  // that can tell; else nothing.
  std::string standard_input_warning() const;

  // For ranks that fail alike but cannot talk to each other: calls `report` on at least one of
  // them, and on no more than one of a host if they are siblings. Rank 0 reports at once; the
  // others wait, so that a launcher that ends all ranks when one fails ends them before they repeat
  // it, and report if they are still there: perhaps there is no rank 0.
  void report_once(const std::function<void()>& report) const;

  // True for the first process that asks, of those that the same parent started on this host: of
  // the ranks of one launcher. It remains the first until it ends. `what` tells questions apart.
  static bool first_of_siblings(std::string_view what);
};

// MPI_Init fails, or writes to what is no launcher, if PMI_FD or PMI_PORT is left from a launcher
// that does not listen any more: its program has ended MPI already, or a script has closed it.
// Removes PMI's variables then; MPI starts alone. Not thread-safe.
void forget_closed_pmi();

// Where Launcher::fault is set: no MPI can start.
Failure bad_environment(const Launcher& launcher);

// What is wrong if MPI came up with one rank only. `library`: the MPI that this program is built
// with. `command`: what to start, such as "scatter SOURCE [DEST]".
Failure too_few_ranks(const Launcher& launcher, const std::string& library,
                      std::string_view command);

}  // namespace mpiferry::cli
