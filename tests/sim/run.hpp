// One run of a scenario, from start to end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/invariant.hpp"
#include "tests/sim/scenario.hpp"

namespace mpiferry::sim {

struct Breach {
  Invariant invariant;
  std::string what;
};

struct RunResult {
  std::optional<Errc> verdict;  // nothing: the launcher ended the job, or no rank is left to say
  bool aborted = false;         // by MPI_Abort
  FaultSet faults;              // that happened
  std::uint64_t events = 0;
  std::uint64_t chunks = 0;  // that were acknowledged as written
  std::uint64_t kept = 0;    // that were there already
  std::uint64_t resent = 0;
  Duration elapsed{};                // simulated
  Duration transfer{};               // from the first chunk read to the last one acknowledged
  Duration master_busy{};            // reading, and hearing answers
  Duration nic_busy{};               // the master's, sending
  Duration worker_busy{};            // the busiest worker, writing
  std::size_t peak_buffers = 0;      // of the master
  std::uint64_t messages_heard = 0;  // by the master
  std::optional<Breach> breach;      // an invariant is broken
};

// What the disks of all ranks hold, by rank.
using Disks = std::vector<Disk::Content>;

// `trace`: gets a line for each thing that happens; nullptr: nobody reads it.
// `disks`: what there is before, nothing if it is empty, and after the job; nullptr: nobody asks.
RunResult run(const Scenario& scenario, std::string* trace = nullptr, Disks* disks = nullptr);

}  // namespace mpiferry::sim
