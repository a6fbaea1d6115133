#include "tests/sim/campaign.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tests/sim/disk.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/run.hpp"
#include "tests/sim/scenario.hpp"

namespace mpiferry::sim {
namespace {

constexpr std::size_t kLastLines = 40;
constexpr std::uint64_t kDecay = 0xdecaf;

std::string last_lines(const std::string& text, std::size_t lines) {
  std::size_t at = text.size();
  for (std::size_t i = 0; i <= lines && at != std::string::npos && at > 0; ++i) {
    at = text.rfind('\n', at - 1);
  }
  return at == std::string::npos || at == 0 ? text : text.substr(at + 1);
}

struct Played {
  Scenario scenario;
  RunResult result;
};

// The job of a seed, then the one that goes on where it has ended. `trace` gets both.
std::vector<Played> play(std::uint64_t seed, std::string* trace) {
  std::vector<Played> jobs{{.scenario = scenario_of(seed), .result = {}}};
  Disks disks;
  const auto play_last = [&] {
    if (trace != nullptr) *trace += describe(jobs.back().scenario);
    jobs.back().result = run(jobs.back().scenario, trace, &disks);
  };
  play_last();
  auto sequel = sequel_of(jobs.back().scenario);
  if (!sequel || jobs.back().result.breach) return jobs;
  Random random{seed ^ kDecay};
  for (Disk::Content& content : disks) decay(content, random);
  jobs.push_back({.scenario = std::move(*sequel), .result = {}});
  play_last();
  return jobs;
}

void print_breach(std::uint64_t seed, const Breach& breach) {
  std::string trace;
  // Once more, as nothing was written down the first time.
  const Scenario scenario = play(seed, &trace).back().scenario;
  fmt::print("{}\n{}BROKEN: seed {}: {}: {}\n  again: sim --seed {} --trace\n",
             last_lines(trace, kLastLines), describe(scenario), seed,
             invariant_name(breach.invariant), breach.what, seed);
}

struct Sums {
  std::uint64_t runs = 0;
  std::uint64_t events = 0;
  std::uint64_t chunks = 0;
  std::uint64_t kept = 0;
  std::uint64_t resent = 0;
  std::uint64_t aborted = 0;
  std::uint64_t torn_down = 0;
  Duration simulated{};
  std::map<Errc, std::uint64_t> verdicts;
  std::map<Invariant, std::uint64_t> breaches;
  std::array<std::uint64_t, kFaults> faults{};

  void add(const RunResult& result) {
    ++runs;
    events += result.events;
    chunks += result.chunks;
    kept += result.kept;
    resent += result.resent;
    aborted += std::uint64_t{result.aborted};
    simulated += result.elapsed;
    if (result.breach) ++breaches[result.breach->invariant];
    if (result.verdict) ++verdicts[*result.verdict];
    if (!result.verdict && !result.breach) ++torn_down;
    for (std::size_t i = 0; i < kFaults; ++i) faults[i] += std::uint64_t{result.faults.test(i)};
  }

  void print(double took) const {
    fmt::print(
        "{} jobs, {} events, {} chunks written, {} resent, {} kept; {:.0f} s simulated in {:.1f} "
        "s\n",
        runs, events, chunks, resent, kept, std::chrono::duration<double>(simulated).count(), took);
    fmt::print("\nverdicts:\n");
    for (const auto& [verdict, count] : verdicts) {
      fmt::print("  {:>7} {}\n", count, error_name(verdict));
    }
    fmt::print("  {:>7} none: the launcher or nobody ended the job\n", torn_down);
    fmt::print("  ({} of them by MPI_Abort)\n\njobs that met each fault:\n", aborted);
    for (std::size_t i = 0; i < kFaults; ++i) {
      fmt::print("  {:>7} {}\n", faults[i], fault_name(static_cast<Fault>(i)));
    }
    for (const auto& [invariant, count] : breaches) {
      fmt::print("\nBROKEN {} times: {}", count, invariant_name(invariant));
    }
    fmt::print("{}", breaches.empty() ? "\nno invariant was broken\n" : "\n");
  }

  bool every_fault_happened() const {
    bool all = true;
    for (std::size_t i = 0; i < kFaults; ++i) {
      if (faults[i] > 0) continue;
      fmt::print("NEVER HAPPENED: {}\n", fault_name(static_cast<Fault>(i)));
      all = false;
    }
    return all;
  }
};

}  // namespace

int play_many(const Campaign& campaign) {
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
  auto next_line = began + std::chrono::seconds{10};
  Sums sums;
  std::uint64_t breaches = 0;
  for (std::uint64_t seed = campaign.from; seed - campaign.from < campaign.seeds; ++seed) {
    for (const auto& [scenario, result] : play(seed, nullptr)) {
      sums.add(result);
      if (result.breach && breaches++ == 0) print_breach(seed, *result.breach);
    }
    if (breaches >= campaign.most_breaches) break;
    if (Clock::now() > next_line) {
      next_line += std::chrono::seconds{10};
      fmt::print("{} of {} seeds, {:.0f} s\n", seed - campaign.from + 1, campaign.seeds, seconds());
      std::fflush(stdout);
    }
  }
  sums.print(seconds());
  if (breaches > 0) return 1;
  return campaign.every_fault && !sums.every_fault_happened() ? 1 : 0;
}

int play_one(std::uint64_t seed, bool trace) {
  std::string text;
  const std::vector<Played> jobs = play(seed, trace ? &text : nullptr);
  fmt::print("{}", text);
  for (const auto& [scenario, result] : jobs) {
    fmt::print("{}{}, {} events, {:.3f} ms\n", trace ? "" : describe(scenario),
               result.verdict ? error_name(*result.verdict) : "no verdict", result.events,
               std::chrono::duration<double, std::milli>(result.elapsed).count());
    if (!result.breach) continue;
    fmt::print("BROKEN: {}: {}\n", invariant_name(result.breach->invariant), result.breach->what);
    return 1;
  }
  return 0;
}

}  // namespace mpiferry::sim
