// simulation [--seeds N] [--from S] [--first] | --seed S [--trace] | --scale: plays jobs with the
// code that ships, on a simulated network in virtual time. Exit status 1 if a promise is broken.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/simulation/play.hpp"
#include "tests/simulation/scale.hpp"

namespace {

using mpiferry::simulation::Played;
using mpiferry::simulation::Scenario;

bool play_one(std::uint64_t seed, bool trace) {
  const Scenario scenario = Scenario::of(seed);
  Played played;
  try {
    played = mpiferry::simulation::play(scenario, trace);
  } catch (const std::exception& error) {
    played.broken.emplace_back(error.what());
  }
  if (trace) {
    fmt::print("{}\n", scenario.text());
    for (const std::string& line : played.trace) fmt::print("{}\n", line);
  }
  for (const std::string& what : played.broken) {
    fmt::print("{}\n  BROKEN: {}\n", scenario.text(), what);
  }
  return played.broken.empty();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Plays jobs with the code that ships, on a simulated network in virtual time"};
  std::uint64_t seeds = 1000;
  std::uint64_t from = 1;
  std::optional<std::uint64_t> seed;
  bool trace = false;
  bool first = false;
  bool scale = false;
  app.add_option("--seeds", seeds, "How many")->capture_default_str();
  app.add_option("--from", from, "The first")->capture_default_str();
  app.add_option("--seed", seed, "Only this one");
  app.add_flag("--trace", trace, "Print each message as it arrives");
  app.add_flag("--first", first, "Stop at the first that breaks a promise");
  app.add_flag("--scale", scale, "What many workers take, by a model, instead");
  CLI11_PARSE(app, argc, argv);
  if (scale) return mpiferry::simulation::print_scale();
  if (seed) return play_one(*seed, trace) ? EXIT_SUCCESS : EXIT_FAILURE;
  std::uint64_t failed = 0;
  for (std::uint64_t i = 0; i < seeds && !(first && failed > 0); ++i) {
    failed += play_one(from + i, false) ? 0U : 1U;
  }
  fmt::print("{} seeds, {} broke a promise\n", seeds, failed);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
