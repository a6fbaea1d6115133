// What a seed stands for: a job, what happens to it, and what follows it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/error.hpp"
#include "engine/base/units.hpp"
#include "engine/wire/layout.hpp"
#include "tests/simulation/disk/disk_faults.hpp"
#include "tests/simulation/world.hpp"

namespace mpiferry::simulation {

struct Scenario {
  std::uint64_t seed = 0;
  std::uint32_t workers = 1;
  Bytes size;
  Bytes chunk_size;
  bool stream = false;  // the source is a FIFO
  wire::Layout layout = wire::Layout::chunks;
  std::uint32_t window = 1;
  std::uint64_t memory_chunks = 1;
  std::uint32_t retries = 3;
  bool shared_disk = true;       // else each host has one of its own
  bool own_directories = false;  // {rank} in the destination
  bool fsync = false;
  bool discard = false;
  bool reroute = false;
  Duration stall_timeout{};  // 0: for ever

  // What is no fault.
  bool slow = false;        // messages take up to a second
  bool slow_reads = false;  // up to 300 ms each
  DiskFaults quirks;        // short writes and interrupted calls
  // These faults happen in the first job.
  double damage = 0;             // of so many messages with a chunk
  double copies = 0;             // so many of them arrive twice
  std::optional<Rank> cut_off;   // its host is lost
  std::optional<Rank> killed;    // its process is
  std::optional<Rank> stopped;   // it goes on after a while
  bool launcher_ends = false;    // all processes are killed
  std::optional<Rank> bad_disk;  // of this rank, so many calls fail:
  double bad_calls = 0;
  bool interrupted = false;  // rank 0 gets a signal at some time

  bool again = false;  // the same source with --resume, or --force, afterwards
  bool force = false;
  bool changed = false;    // first a job without faults, then the source changes, then those
  bool power_cut = false;  // of all hosts, when the launcher has ended the job, or it is over

  static Scenario of(std::uint64_t seed);

  std::uint64_t chunks() const noexcept {
    return (size.value + chunk_size.value - 1) / chunk_size.value;
  }
  Bytes chunk_length(std::uint64_t chunk) const noexcept {
    return Bytes{std::min(chunk_size.value, size.value - chunk * chunk_size.value)};
  }
  bool loses_ranks() const noexcept { return cut_off || killed || launcher_ends; }
  bool faultless() const noexcept {
    return damage == 0 && !loses_ranks() && !stopped && !bad_disk && !interrupted;
  }
  // Whether something that happens in it can end a job so.
  bool explains(Errc verdict) const noexcept;
  std::string text() const;
};

}  // namespace mpiferry::simulation
