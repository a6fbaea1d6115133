#include "cli/tune/tune_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/output/progress_text.hpp"
#include "cli/output/units.hpp"
#include "engine/base/failure.hpp"

namespace mpiferry::cli {
namespace {

// Noise above it hides differences that matter.
constexpr double kLoud = 0.15;

std::string list_of(const std::vector<Tuning>& tunings) {
  std::vector<std::string> texts;
  texts.reserve(tunings.size());
  for (const Tuning& tuning : tunings) texts.push_back(to_text(tuning));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string marks(const TuningChoice& choice, std::size_t i) {
  std::vector<const char*> words;
  if (i == 0) words.push_back("default");
  if (i == choice.best) {
    words.push_back("best");
  } else if (std::ranges::find(choice.equals, i) != choice.equals.end()) {
    words.push_back("as good");
  }
  if (i == choice.chosen) words.push_back("<- use this");
  return fmt::format("{}", fmt::join(words, ", "));
}

double mebibytes(double gigabytes) { return gigabytes * 1e9 / static_cast<double>((1_MiB).value); }

std::string table(const TuneResult& result, const TuningChoice& choice) {
  std::vector<std::size_t> order(result.figures.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&result](std::size_t a, std::size_t b) {
    const Tuning& x = result.figures[a].tuning;
    const Tuning& y = result.figures[b].tuning;
    return x.chunk_size != y.chunk_size ? x.chunk_size < y.chunk_size : x.window < y.window;
  });
  std::string text = "  chunk size  window    MiB/s       lowest..highest  spread\n";
  for (const std::size_t i : order) {
    const TuningFigure& figure = result.figures[i];
    std::string row = fmt::format(
        "  {:>10}  {:>6}  {:>7.1f}  {:>20}  {:>4.0f} %  {}", human_bytes(figure.tuning.chunk_size),
        figure.tuning.window, mebibytes(figure.median()),
        fmt::format("{:.1f}..{:.1f}", mebibytes(figure.lowest()), mebibytes(figure.highest())),
        100 * figure.spread(), marks(choice, i));
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + '\n';
  }
  return text;
}

std::string advice(const TuneResult& result, const TuningChoice& choice) {
  const TuningFigure& first = result.figures[0];
  const TuningFigure& chosen = result.figures[choice.chosen];
  if (choice.keeps_default) {
    const char* const why = choice.too_noisy   ? "the measurements vary too much to tell"
                            : choice.best == 0 ? "nothing was faster"
                                               : "nothing was faster by more than the noise";
    return fmt::format("  keep the defaults, {}: {}\n", to_text(first.tuning), why);
  }
  return fmt::format(
      "  use --chunk-size {} --window {}: of the cases as good as the best it needs the least "
      "memory, {} for each worker\n"
      "  it gave {}; the defaults, {}, gave {}, {:.0f} % less\n",
      option_bytes(chosen.tuning.chunk_size), chosen.tuning.window,
      human_bytes(chosen.tuning.memory()), rate_text(chosen.median()), to_text(first.tuning),
      rate_text(first.median()), 100 * (1 - first.median() / chosen.median()));
}

std::string left_out_text(const TuneReport& report) {
  const TuneResult& result = report.result;
  std::string text;
  if (!result.no_time.empty()) {
    text += fmt::format("  left out, because the time was up (--budget): {}\n",
                        list_of(result.no_time));
  }
  if (const std::size_t planned = result.figures.size() * report.arguments.repetitions;
      result.measurements < planned) {
    const std::size_t missing = planned - result.measurements;
    text += fmt::format("  {} {} left out, because the time was up (--budget)\n",
                        counted(missing, "repetition"), was(missing));
  }
  if (!result.too_few.empty()) {
    text += fmt::format("  left out, because the sample holds too few such chunks (--size): {}\n",
                        list_of(result.too_few));
  }
  return text;
}

}  // namespace

std::string measurement_name(const TuneProgress& progress) {
  return progress.number == 0 ? "warm-up"
                              : fmt::format("{} of {}", progress.number, progress.total);
}

// The measurements left take as long as those before, but no longer than the budget.
std::vector<Field> tune_fields(const TuneProgress& progress, std::chrono::nanoseconds budget) {
  std::vector<Field> fields{{0, "tune: " + measurement_name(progress)},
                            {1, to_text(progress.tuning)},
                            {3, whole_seconds(progress.elapsed) + " elapsed"}};
  if (progress.number < 2) return fields;
  const auto done = static_cast<std::int64_t>(progress.number) - 1;
  const auto left = static_cast<std::int64_t>(progress.total) - done;
  std::chrono::nanoseconds time = progress.measuring / done * left;
  if (budget.count() > 0) {
    time = std::clamp(budget - progress.elapsed, std::chrono::nanoseconds{0}, time);
  }
  fields.push_back({2, eta_text(time)});
  return fields;
}

std::string rate_text(double gigabytes_per_second) {
  return fmt::format("{:.1f} MiB/s", mebibytes(gigabytes_per_second));
}

std::string tune_text(const TuneReport& report) {
  const TuneResult& result = report.result;
  const TuningChoice& choice = *report.choice;
  std::string text = fmt::format(
      "mpiferry: {} of {} from {} to {} on {}{}, in {}\n",
      counted(result.measurements, "measurement"), human_bytes(report.arguments.size),
      result.source_file_system, counted(static_cast<std::uint64_t>(result.ranks - 1), "worker"),
      fmt::join(result.destination_file_systems, ", "), report.arguments.fsync ? " with fsync" : "",
      human_seconds(result.elapsed));
  text += table(result, choice);
  text += left_out_text(report);
  text += fmt::format(
      "  noise: {}{:.0f} %, two standard errors of a median (at least {:.0f} %); "
      "a case that is slower than the best by less is as good\n",
      choice.too_noisy ? "over " : "", 100 * choice.noise, 100 * kMinNoise);
  if (choice.noise > kLoud) {
    text += "  that is high: a larger --size or more --repetitions would lower it\n";
  }
  return text + advice(result, choice);
}

std::string profile_text(const std::string& profile, bool at_default_place) {
  if (profile.empty()) return "  no profile was written (--profile none)\n";
  return fmt::format(
      "  profile: {}: {}\n", mpiferry::quoted(profile),
      at_default_place ? "mpiferry scatter uses it from now on" : "for mpiferry scatter --profile");
}

std::string tune_how_far_text(const TuneResult& result) {
  if (result.planned == 0) return "  nothing was measured; no profile was written\n";
  return fmt::format("  {} of {} {} made; no profile was written\n", result.measurements,
                     counted(result.planned, "measurement"), was(result.measurements));
}

}  // namespace mpiferry::cli
