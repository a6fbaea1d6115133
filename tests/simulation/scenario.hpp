// What a seed stands for: a job, what happens to it, and what follows it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/units.hpp"
#include "engine/wire/layout.hpp"

namespace mpiferry::simulation {

struct Scenario {
  std::uint64_t seed = 0;
  std::uint32_t workers = 1;
  Bytes size;
  Bytes chunk_size;
  wire::Layout layout = wire::Layout::chunks;
  std::uint32_t window = 1;
  std::uint64_t memory_chunks = 1;
  std::uint32_t retries = 3;
  bool own_directories = false;  // {rank} in the destination
  bool fsync = false;
  bool discard = false;
  bool reroute = false;
  double damage = 0;            // of so many messages with a chunk
  std::optional<Rank> cut_off;  // this rank, at some time
  std::optional<Rank> stopped;  // so does this one, and goes on after a while
  bool interrupted = false;     // rank 0 gets a signal at some time
  bool again = false;           // the same source with --resume, or --force, afterwards
  bool force = false;
  bool changed = false;  // first a job without faults, then the source changes, then those
  bool slow = false;     // a network with delays of up to a second

  static Scenario of(std::uint64_t seed);

  bool faultless() const noexcept { return damage == 0 && !cut_off && !stopped && !interrupted; }
  std::string text() const;
};

}  // namespace mpiferry::simulation
