// What came of a job, whatever the operation.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/failure.hpp"
#include "engine/base/units.hpp"

namespace mpiferry {

// Each operation's report has one inside. The master's is whole; a worker's has no times, no
// `mpi_tests` and no warnings.
struct JobReport {
  struct Worker {
    Rank rank = {};
    std::string host = {};
    std::string directory = {};  // the master knows it
    std::uint64_t chunks_written = 0;
    Bytes bytes_written = {};
    std::uint64_t chunks_corrupt = 0;  // arrived damaged
    std::uint64_t ack_messages = 0;
  };

  Rank rank = {};
  Errc verdict = Errc::internal;        // ok, or that of `failure`
  std::optional<Failure> failure = {};  // the first one; nothing if all went well
  bool abandoned = false;  // some rank does not answer any more: only MPI_Abort can end it
  // Of the job: how long a rank may be silent. finalize_and_exit() goes by it.
  std::chrono::milliseconds stall_timeout{60'000};
  std::uint64_t mpi_tests = 0;               // MPI_Testsome calls of the master
  std::chrono::nanoseconds elapsed{};        // the whole job
  std::chrono::nanoseconds transfer_time{};  // from all ranks being ready to the end being sent
  // Workers that could not write, with `reroute`; what failed when the result was there already.
  std::vector<Failure> warnings = {};
  std::vector<Worker> workers = {};  // the master's: all of them; a worker's: itself

  bool ok() const noexcept { return verdict == Errc::ok; }
};

}  // namespace mpiferry
