#include "tests/simulation/scenario.hpp"

#include <array>
#include <chrono>

#include <fmt/format.h>

namespace mpiferry::simulation {
namespace {

using namespace std::chrono_literals;

Rank any_rank(World& random, std::uint32_t workers) {
  return Rank{static_cast<int>(random.number(workers))};
}

void draw_job(Scenario& it, World& random) {
  it.workers = static_cast<std::uint32_t>(1 + random.number(random.chance(0.1) ? 8 : 4));
  it.chunk_size = Bytes{std::uint64_t{1} << (6 + random.number(random.chance(0.1) ? 8 : 4))};
  const std::uint64_t chunks = random.number(random.chance(0.1) ? 80 : 30);
  it.size = Bytes{chunks * it.chunk_size.value + random.number(it.chunk_size.value - 1)};
  if (random.chance(0.04)) it.size = 0_B;
  it.stream = random.chance(0.15);
  it.layout =
      std::array{wire::Layout::chunks, wire::Layout::stripes, wire::Layout::file}[random.number(2)];
  it.window = static_cast<std::uint32_t>(1 + random.number(7));
  it.memory_chunks = 1 + random.number(15);
  it.retries = static_cast<std::uint32_t>(random.number(3));
  it.shared_disk = it.layout == wire::Layout::file || random.chance(0.6);
  it.own_directories = it.layout != wire::Layout::file && random.chance(0.4);
  it.fsync = random.chance(0.25);
  it.discard = !it.fsync && random.chance(0.08);
  it.reroute = random.chance(0.25);
  it.stall_timeout = random.chance(0.1) ? 0s : 5s;
  it.slow = random.chance(0.1);
  it.slow_reads = !it.slow && random.chance(0.1);
  if (random.chance(0.3)) it.quirks = {.error = 0, .short_write = 0.1, .interrupt = 0.05};
}

// One of the faults that lose ranks or stop them, or none, and others beside it.
void draw_faults(Scenario& it, World& random) {
  if (random.chance(0.35)) it.damage = random.chance(0.5) ? 0.02 : 0.2;
  if (random.chance(0.1)) it.copies = 0.1;
  const std::uint64_t kind = random.number(19);
  if (kind < 2) it.cut_off = any_rank(random, it.workers);
  if (kind == 2 || kind == 3) it.killed = any_rank(random, it.workers);
  if (kind == 4 || kind == 5) it.stopped = any_rank(random, it.workers);
  // Without a stall timeout, what happens after the end must not be waited for, either.
  if (it.stall_timeout == 0s && random.chance(0.5)) {
    it.cut_off = any_rank(random, it.workers);
    it.bad_disk = any_rank(random, it.workers);
    it.bad_calls = 0.1;
  }
  it.launcher_ends = kind == 6 || kind == 7;
  it.interrupted = (kind == 8 || kind == 9 || random.chance(0.05)) && !it.launcher_ends;
  if (random.chance(0.15)) {
    it.bad_disk = any_rank(random, it.workers);
    it.bad_calls = random.chance(0.5) ? 0.02 : 0.5;
  }
}

}  // namespace

Scenario Scenario::of(std::uint64_t seed) {
  World random{seed * 2 + 1};
  Scenario it;
  it.seed = seed;
  draw_job(it, random);
  if (random.chance(0.8)) draw_faults(it, random);
  it.again = !it.discard && (it.launcher_ends || random.chance(0.5));
  it.force = random.chance(0.3);
  it.changed = it.again && !it.stream && random.chance(0.3);
  it.power_cut = !it.discard && (it.fsync || it.launcher_ends) && random.chance(0.5);
  return it;
}

bool Scenario::explains(Errc verdict) const noexcept {
  switch (verdict) {
    case Errc::ok:
      return true;
    case Errc::chunk_corrupt:
      return damage > 0;
    case Errc::worker_stalled:
    case Errc::master_stalled:
      return loses_ranks() || stopped;
    case Errc::dest_unusable:
    case Errc::dest_write_failed:
    case Errc::source_unreadable:
    case Errc::source_read_failed:
    case Errc::manifest_damaged:
      return bad_disk.has_value();
    case Errc::interrupted:
      return interrupted || stall_timeout == Duration::zero();
    default:
      return false;
  }
}

std::string Scenario::text() const {
  std::string text = fmt::format(
      "seed {}: {} workers, {} bytes{} in chunks of {}, layout {}, window {}, {} chunks in memory, "
      "{} retries",
      seed, workers, size.value, stream ? " of a stream" : "", chunk_size.value,
      wire::layout_name(layout), window, memory_chunks, retries);
  const auto add = [&text](bool holds, const std::string& what) {
    if (holds) text += ", " + what;
  };
  const auto of = [](const std::optional<Rank>& rank) { return rank ? rank->value : 0; };
  add(!shared_disk, "a disk a host");
  add(own_directories, "a directory a rank");
  add(fsync, "fsync");
  add(discard, "discard");
  add(reroute, "reroute");
  add(stall_timeout == Duration::zero(), "no stall timeout");
  add(slow, "a slow network");
  add(slow_reads, "slow reads");
  add(quirks.short_write > 0, "short and interrupted calls");
  add(damage > 0, fmt::format("damage {}", damage));
  add(copies > 0, fmt::format("copies {}", copies));
  add(cut_off.has_value(), fmt::format("rank {} is cut off", of(cut_off)));
  add(killed.has_value(), fmt::format("rank {} is killed", of(killed)));
  add(stopped.has_value(), fmt::format("rank {} stops for a while", of(stopped)));
  add(launcher_ends, "all are killed");
  add(bad_disk.has_value(),
      fmt::format("{} of rank {}'s disk calls fail", bad_calls, of(bad_disk)));
  add(interrupted, "rank 0 is interrupted");
  add(changed, "of a source that was another in a job before");
  add(power_cut, "a power cut");
  add(again, force ? "then again with --force" : "then again with --resume");
  return text;
}

}  // namespace mpiferry::simulation
