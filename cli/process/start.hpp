// The start of MPI, which waits for every rank.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "cli/process/launcher.hpp"
#include "engine/base/alarm.hpp"
#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/mpi/environment.hpp"

namespace mpiferry::cli {

// MPI_Init_thread, as mpi::Environment does it, and the first collective of the ranks. Where it
// takes long (Launcher::start_patience), a rank reports what it waits for: a host that does not
// answer, or a rank that starts another program, would keep the others here without a word. MPI
// starts alone where the launcher does not listen any more.
class Start {
 public:
  explicit Start(const Launcher& launcher);

  const mpi::Environment& environment() const noexcept { return environment_; }
  // Why there are too few ranks for a command that needs `min_ranks`; nothing if there are enough.
  // One rank alone may be welcome; a foreign launcher's world of one rank, many times, is not.
  // `command`: what to start, such as "scatter SOURCE [DEST]".
  std::optional<Failure> lack_of_ranks(const Launcher& launcher, int min_ranks,
                                       std::string_view command) const;
  // Collective, before a job. Ends the program with 2, after one message, if some rank has exited
  // early or is not ready.
  void check_ranks();
  // False if this rank can take no job, whatever its command line says: its limit of open files is
  // too low.
  bool ready() const noexcept { return static_cast<bool>(ready_); }
  // Reports why this rank is not ready, if it is `refused`, the rank that reports for all.
  void explain(Rank refused) const;
  // Collective: the lowest rank that passes true, if one does. Ends the program with 6 if some rank
  // does not take part within a minute.
  std::optional<Rank> first_refused(bool refused);
  // All ranks are here: stops the watch for those that are not.
  void complete() noexcept { alarm_.reset(); }

 private:
  std::unique_ptr<Alarm> alarm_;  // before MPI_Init_thread
  mpi::Environment environment_;
  Outcome ready_;
};

}  // namespace mpiferry::cli
