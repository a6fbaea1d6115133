#include "tests/simulation/scenario.hpp"

#include <array>

#include <fmt/format.h>

#include "tests/simulation/world.hpp"

namespace mpiferry::simulation {

Scenario Scenario::of(std::uint64_t seed) {
  World random{seed * 2 + 1};
  Scenario it;
  it.seed = seed;
  it.workers = static_cast<std::uint32_t>(1 + random.number(4));
  it.chunk_size = Bytes{std::uint64_t{1} << (6 + random.number(6))};
  const std::uint64_t chunks = random.number(40);
  it.size = Bytes{chunks * it.chunk_size.value + random.number(it.chunk_size.value - 1)};
  if (random.chance(0.05)) it.size = 0_B;
  it.layout =
      std::array{wire::Layout::chunks, wire::Layout::stripes, wire::Layout::file}[random.number(2)];
  it.window = static_cast<std::uint32_t>(1 + random.number(7));
  it.memory_chunks = 1 + random.number(15);
  it.retries = static_cast<std::uint32_t>(random.number(3));
  it.own_directories = it.layout != wire::Layout::file && random.chance(0.4);
  it.fsync = random.chance(0.2);
  it.discard = !it.fsync && random.chance(0.1);
  it.reroute = random.chance(0.2);
  if (random.chance(0.4)) it.damage = random.chance(0.5) ? 0.02 : 0.2;
  if (random.chance(0.15)) it.cut_off = Rank{static_cast<int>(random.number(it.workers))};
  if (!it.cut_off && random.chance(0.15)) {
    it.stopped = Rank{static_cast<int>(random.number(it.workers))};
  }
  it.interrupted = !it.cut_off && random.chance(0.1);
  it.again = !it.discard && random.chance(0.5);
  it.force = random.chance(0.3);
  it.changed = it.again && random.chance(0.3);
  it.slow = random.chance(0.1);
  return it;
}

std::string Scenario::text() const {
  return fmt::format(
      "seed {}: {} workers, {} bytes in chunks of {}, layout {}{}, window {}, {} chunks in memory, "
      "{} retries{}{}{}, damage {}{}{}{}{}{}{}",
      seed, workers, size.value, chunk_size.value, wire::layout_name(layout),
      own_directories ? ", a directory a rank" : "", window, memory_chunks, retries,
      fsync ? ", fsync" : "", discard ? ", discard" : "", reroute ? ", reroute" : "", damage,
      cut_off ? fmt::format(", rank {} is cut off", cut_off->value) : "",
      stopped ? fmt::format(", rank {} stops for a while", stopped->value) : "",
      interrupted ? ", rank 0 is interrupted" : "",
      changed ? ", of a source that was another in a job before" : "",
      slow ? ", a slow network" : "",
      again ? (force ? ", then again with --force" : ", then again with --resume") : "");
}

}  // namespace mpiferry::simulation
