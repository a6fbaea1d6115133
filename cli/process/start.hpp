// The start of MPI, which waits for every rank.
#pragma once

#include <memory>
#include <optional>

#include "cli/process/launcher.hpp"
#include "engine/base/alarm.hpp"
#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/mpi/environment.hpp"

namespace mpiferry::cli {

// MPI_Init_thread, as mpi::Environment does it, and the first meeting of the ranks. Where it takes
// long (Launcher::start_patience), a rank says what it waits for: a host that does not answer, or a
// rank that starts no such program, keeps the others here without a word. MPI starts alone where
// the launcher does not listen any more.
class Start {
 public:
  explicit Start(const Launcher& launcher);

  const mpi::Environment& environment() const noexcept { return environment_; }
  // Collective, before a job. Ends the program with 2, after one message, if the command line of
  // some rank is refused, or if some rank is not ready.
  void meet();
  // False if this rank can take no job, whatever its command line says: its limit of open files is
  // too low.
  bool ready() const noexcept { return static_cast<bool>(ready_); }
  // Says why it is not, if it is the rank that is to speak for all.
  void explain(Rank refused) const;
  // Collective: the lowest rank whose command line is refused, if there is one. `refused`: that of
  // this rank is. Ends the program with 6 if some rank has not come within a minute.
  std::optional<Rank> first_refused(bool refused);
  // All ranks are here: nobody has to be told that somebody is not.
  void complete() noexcept { alarm_.reset(); }

 private:
  std::unique_ptr<Alarm> alarm_;  // before MPI_Init_thread
  mpi::Environment environment_;
  Outcome ready_;
};

}  // namespace mpiferry::cli
