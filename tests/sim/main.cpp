// sim: plays jobs from seeds, and says which seed breaks an invariant. docs/internals/simulation.md
#include <cstdint>

#include <CLI/CLI.hpp>

#include "tests/sim/campaign.hpp"
#include "tests/sim/scale.hpp"

int main(int argc, char** argv) {
  using namespace mpiferry::sim;
  std::uint64_t seeds = 0;
  std::uint64_t from = 1;
  std::uint64_t seed = 0;
  std::uint64_t most_breaches = 1;
  bool trace = false;
  bool every_fault = false;
  CLI::App app{"Plays whole jobs on a simulated machine, each from a seed"};
  auto* many = app.add_option("--seeds", seeds, "So many runs");
  app.add_option("--from", from, "The first seed")->needs(many);
  app.add_flag("--every-fault", every_fault, "Fail if a kind of fault never happened")->needs(many);
  app.add_option("--breaches", most_breaches, "Go on after a breach, up to so many")->needs(many);
  auto* one = app.add_option("--seed", seed, "One run")->excludes(many);
  app.add_flag("--trace", trace, "Print what happens")->needs(one);
  bool scale = false;
  app.add_flag("--scale", scale, "Print what 10 to 10,000 workers cost: docs/internals/scaling.md")
      ->excludes(many)
      ->excludes(one);
  app.require_option(1, 0);
  CLI11_PARSE(app, argc, argv);
  if (scale) return print_scale();
  if (*one) return play_one(seed, trace);
  return play_many(
      {.from = from, .seeds = seeds, .every_fault = every_fault, .most_breaches = most_breaches});
}
