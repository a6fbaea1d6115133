#include "tests/sim/scenario.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

namespace mpiferry::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// How many chunks: none, one, a few, many.
std::uint64_t random_chunks(Random& random) {
  switch (random.below(8)) {
    case 0:
      return random.below(2);
    case 1:
    case 2:
      return random.from(2, 8);
    default:
      return random.from(8, 100);
  }
}

std::uint32_t random_window(Random& random) {
  return static_cast<std::uint32_t>(random.from(1, random.one_in(2) ? 4 : 16));
}

std::uint64_t random_memory(Random& random) { return random.one_in(2) ? 1000 : random.from(1, 20); }

void choose_job(Scenario& it, Random& random) {
  it.workers = static_cast<std::uint32_t>(random.from(1, random.one_in(2) ? 3 : 9));
  it.window = random_window(random);
  it.retries = static_cast<std::uint32_t>(random.below(4));
  it.chunk_size = Bytes{random.from(1, 48)};
  const std::uint64_t chunks = random_chunks(random);
  if (chunks > 0)
    it.source_size = {chunks * it.chunk_size.value - random.below(it.chunk_size.value)};
  it.stream = random.one_in(3);
  it.discard = random.one_in(6);
  it.fsync = !it.discard && random.one_in(3);
  it.memory_chunks = random_memory(random);
  constexpr std::array kTimeouts{seconds{0}, seconds{1}, seconds{1}, seconds{5}, seconds{60}};
  it.stall_timeout = kTimeouts[random.below(kTimeouts.size())];
}

// From a fast machine to one where a job of a hundred chunks takes seconds. Even there no worker is
// silent for the shortest stall timeout unless something is wrong with it.
void choose_machine(Scenario& it, Random& random) {
  constexpr std::array kPaces{1, 1, 10, 100};
  const auto pace = kPaces[random.below(kPaces.size())];
  it.latency = microseconds{5} * pace;
  it.poll = microseconds{random.one_in(2) ? 1 : 10} * pace;
  it.late = microseconds{random.one_in(2) ? 5 : 1000} * pace;
  it.read = microseconds{random.from(1, 10)} * pace;
  it.write = microseconds{random.from(1, 20)} * pace;
  it.one_eager_in = random.from(1, 3);
  it.lost_ranks_are_noticed = random.one_in(2);
}

Duration random_length(Random& random) {
  constexpr std::array<Duration, 4> kLengths{milliseconds{5}, milliseconds{300}, seconds{3},
                                             seconds{30}};
  return random.up_to(kLengths[random.below(kLengths.size())]) + microseconds{1};
}

Plan random_plan(const Scenario& it, Random& random) {
  Plan plan{.fault = static_cast<Fault>(random.below(kFaults - 1))};  // not user_gave_up
  const std::uint64_t chunks = it.chunks();
  const Rank worker{static_cast<int>(random.from(1, it.workers))};
  plan.length = random_length(random);
  switch (occasion_of(plan.fault)) {
    case Occasion::chunk:
      plan.at = random.below(chunks + 1);
      plan.size = random.one_in(4) ? it.retries + 1 : random.from(1, it.retries + 1);
      if (plan.fault == Fault::chunk_duplicated) plan.repeat = random.from(1, chunks + 1);
      break;
    case Occasion::acks:
      plan.at = random.below(chunks / 2 + 1);
      if (plan.fault == Fault::acks_duplicated) plan.repeat = random.from(1, chunks + 1);
      break;
    case Occasion::control:
      plan.at = random.below(std::uint64_t{4} * it.workers + 1);
      break;
    case Occasion::message:
      plan.at = random.below(2 * chunks + std::uint64_t{4} * it.workers + 2);
      plan.rank = worker;
      if (plan.fault == Fault::one_interrupted && random.one_in(2)) plan.rank = kMaster;
      if (plan.fault == Fault::master_stopped || plan.fault == Fault::master_lost) {
        plan.rank = kMaster;
      }
      break;
    case Occasion::write:
      plan.at = random.below(4 * chunks / it.workers + 4);
      plan.size = random.from(2, 1000);
      plan.rank = random.one_in(8) ? kMaster : worker;
      if (plan.rank == kMaster) plan.at = random.below(3);
      break;
    case Occasion::read:
      plan.at = random.below(2 * chunks + 1);
      break;
    case Occasion::preparation:
      plan.rank = random.one_in(2) || plan.fault == Fault::source_missing ? kMaster : worker;
      break;
  }
  return plan;
}

}  // namespace

std::uint32_t Scenario::effective_window() const noexcept {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(window, memory_chunks));
}

std::size_t Scenario::master_buffers() const noexcept {
  return std::min<std::uint64_t>(memory_chunks, std::uint64_t{effective_window()} * workers);
}

std::uint64_t Scenario::chunks() const noexcept {
  return (source_size.value + chunk_size.value - 1) / chunk_size.value;
}

Duration Scenario::bound() const noexcept {
  // Everything one after the other, and each as slow as it can be.
  const auto times = (retries + 2) * (reroute ? 2 : 1) + (resume ? 1 : 0);
  const auto steps = static_cast<Duration::rep>((chunks() + 1) * times + 10 * workers);
  Duration slowness{1};
  Duration troubles{};
  for (const Plan& plan : plans) {
    troubles += 2 * plan.length;
    if (plan.fault == Fault::disk_slow) {
      slowness = Duration{static_cast<Duration::rep>(plan.size)};
    }
  }
  const Duration step = 2 * latency + 2 * poll + late + 16 * read + 32 * write * slowness.count();
  return seconds{30} + 3 * stall_timeout + troubles + steps * step;
}

Scenario scenario_of(std::uint64_t seed) {
  Random random{seed};
  Scenario it;
  it.seed = seed;
  choose_job(it, random);
  choose_machine(it, random);
  constexpr std::array<std::uint64_t, 8> kTroubles{0, 1, 1, 1, 1, 2, 2, 3};
  for (auto left = kTroubles[random.below(kTroubles.size())]; left > 0; --left) {
    it.plans.push_back(random_plan(it, random));
    // Damage makes older attempts, and only a copy of an answer to one comes late.
    if (it.plans.back().fault == Fault::payload_damaged && random.one_in(3)) {
      it.plans.push_back({.fault = Fault::acks_duplicated, .repeat = it.chunks() + 1});
    }
  }
  // Last, so that what a seed without it plays does not depend on it.
  it.reroute = !it.discard && random.one_in(3);
  if (it.reroute && random.one_in(2)) {
    Plan plan{.fault = random.one_in(2) ? Fault::disk_full : Fault::disk_error};
    plan.rank = Rank{static_cast<int>(random.from(1, it.workers))};
    plan.at = random.below(4 * it.chunks() / it.workers + 4);
    plan.size = random.from(2, 1000);
    it.plans.push_back(plan);
  }
  return it;
}

std::optional<Scenario> sequel_of(const Scenario& scenario) {
  constexpr std::uint64_t kSequel = 0x5e90e1;
  if (scenario.discard) return std::nullopt;
  Random random{scenario.seed ^ kSequel};
  Scenario it = scenario;
  it.resume = true;
  it.plans.clear();
  it.window = random_window(random);
  it.memory_chunks = random_memory(random);
  it.fsync = random.one_in(3);
  it.reroute = random.one_in(3);
  if (random.one_in(3)) it.changed_from = random.below(it.source_size.value + 1);
  if (random.one_in(4)) it.source_size = {random.below(2 * it.source_size.value + 1)};
  // Half of them must end well, whatever the job before has met.
  if (random.one_in(2)) it.plans.push_back(random_plan(it, random));
  if (random.one_in(4)) it.plans.push_back(random_plan(it, random));
  return it;
}

std::string describe(const Scenario& it) {
  const auto in_ms = [](Duration d) {
    return std::chrono::duration<double, std::milli>(d).count();
  };
  std::string text = fmt::format(
      "seed {}: {} workers, window {}, {} chunks of {} bytes, {} buffers, retries {}, {}{}{}{}{}"
      ", stall timeout {} s\n",
      it.seed, it.workers, it.effective_window(), it.chunks(), it.chunk_size.value,
      it.master_buffers(), it.retries, it.stream ? "stream" : "file", it.fsync ? ", fsync" : "",
      it.discard ? ", discard" : "", it.reroute ? ", reroute" : "", it.resume ? ", resume" : "",
      std::chrono::duration_cast<std::chrono::seconds>(it.stall_timeout).count());
  for (const Plan& plan : it.plans) {
    text += fmt::format("  planned: {}, rank {}, at {} ({} times), size {}, {:.3f} ms\n",
                        fault_name(plan.fault), plan.rank.value, plan.at, plan.repeat, plan.size,
                        in_ms(plan.length));
  }
  return text;
}

}  // namespace mpiferry::sim
