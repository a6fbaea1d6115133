// The launcher of this process, as far as the environment tells before MPI starts.
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
// there. So they only tell how to behave if a launcher started this process; `direct` tells whether
// it did.
struct Launcher {
  std::string name;  // "Open MPI's mpirun", "srun", "MPICH's mpirun"; empty: none
  int rank = 0;
  int size = 1;         // 1 if it is not known
  bool direct = false;  // it started this very process, or is connected with it
  // What is wrong with the variables that it sets, if somebody has changed them; "": nothing.
  std::string fault = {};

  // The launcher that started this process, else one whose variables are there.
  static Launcher detect();

  // It started this process as one of several.
  bool several() const noexcept { return direct && size > 1; }

  // Rank 0, or no rank of any launcher: it prints what every rank would print alike.
  bool leads() const noexcept { return rank == 0 || !direct; }

  // How long this rank waits for the others to start before it reports that: rank 0 first; much
  // later the last rank, which is on another host if there are several, in case rank 0 is missing.
  // The others report nothing: one message is enough for hundreds of hosts.
  std::optional<std::chrono::seconds> start_patience() const noexcept;

  // A warning about what this launcher does with standard input, on the rank that can tell; else
  // nothing.
  std::string standard_input_warning() const;

  // For ranks that fail alike but cannot talk to each other: calls `report` on at least one of
  // them, and on no more than one of a host if they are siblings. Rank 0 reports at once. The
  // others wait, so that a launcher that ends all ranks when one fails ends them before they repeat
  // it; those that are still there report, as rank 0 may be missing.
  void report_once(const std::function<void()>& report) const;

  // True for the first process that asks, of those that the same parent started on this host: of
  // the ranks of one launcher. It remains the first until it ends. Each `what` has a first process
  // of its own.
  static bool first_of_siblings(std::string_view what);
};

// Where Launcher::fault is set: no MPI can start.
Failure bad_environment(const Launcher& launcher);

// Why MPI came up with one rank only. `library`: the MPI that this program is built with.
// `command`: what to start, such as "scatter SOURCE [DEST]".
Failure too_few_ranks(const Launcher& launcher, const std::string& library,
                      std::string_view command);

}  // namespace mpiferry::cli
