// One run's job and its troubles, all of it from the seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/units.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/random.hpp"

namespace mpiferry::sim {

struct Scenario {
  std::uint64_t seed = 0;
  // the job
  std::uint32_t workers = 1;
  std::uint32_t window = 1;
  std::uint32_t retries = 3;
  Bytes chunk_size{1};
  Bytes source_size;
  bool stream = false;
  bool fsync = false;
  bool discard = false;
  bool reroute = false;
  bool resume = false;  // goes on where another job has ended
  // Bytes of the source from here on are others than they were for that job.
  std::uint64_t changed_from = UINT64_MAX;
  std::uint64_t memory_chunks = 1;  // --memory, in chunks
  Duration stall_timeout{};
  // the machine
  Duration latency{};              // of a message; up to twice that
  Duration poll{};                 // from a completion to its handler, at most
  Duration late{};                 // by which the completion of an Isend may come late
  Duration read{};                 // of a slice; up to twice that
  Duration write{};                // a call to a disk; up to twice that
  std::uint64_t one_eager_in = 2;  // chunks that MPI buffers, so that their Isend completes early
  Duration hear{};                 // what an answer costs the master
  bool steady = false;             // nothing varies: every call takes its usual time
  double bytes_per_ns = 0;         // of each NIC; 0: no limit
  double size_factor = 1;          // on the wire each byte of a chunk stands for so many
  bool lost_ranks_are_noticed = false;  // a send to a lost rank is an error, or never completes
  std::vector<Plan> plans;

  // How long something takes that usually takes `usual`: up to twice that.
  Duration vary(Duration usual, Random& random) const {
    return steady ? usual : usual + random.up_to(usual);
  }
  std::uint32_t effective_window() const noexcept;
  std::size_t master_buffers() const noexcept;
  std::uint64_t chunks() const noexcept;
  // More simulated time than a job can take that does not wait for ever.
  Duration bound() const noexcept;
};

Scenario scenario_of(std::uint64_t seed);
// The job that goes on where that of `scenario` has ended, on the same disks, be the source what it
// was or not; nothing if that one wrote nothing.
std::optional<Scenario> sequel_of(const Scenario& scenario);
// What `scenario` is, in a few lines.
std::string describe(const Scenario& scenario);

}  // namespace mpiferry::sim
