#include "cli/tune/tuning_choice.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mpiferry::cli {
namespace {

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace

double TuningFigure::median() const { return median_of(speeds); }
double TuningFigure::lowest() const {
  return speeds.empty() ? 0 : *std::ranges::min_element(speeds);
}
double TuningFigure::highest() const {
  return speeds.empty() ? 0 : *std::ranges::max_element(speeds);
}
double TuningFigure::spread() const { return median() > 0 ? (highest() - lowest()) / median() : 0; }

double TuningFigure::uncertainty() const {
  if (speeds.size() < 2 || median() <= 0) return 0;
  const auto n = static_cast<double>(speeds.size());
  double distance = 0;
  for (const double speed : speeds) distance += std::abs(speed - median());
  const double root = std::sqrt(std::numbers::pi / 2);
  const double deviation = root * distance / (n - 1);
  return 2 * root * deviation / std::sqrt(n) / median();
}

TuningChoice choose(const std::vector<TuningFigure>& figures) {
  TuningChoice choice;
  std::vector<double> uncertainties;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    uncertainties.push_back(figures[i].uncertainty());
    if (figures[i].median() > figures[choice.best].median()) choice.best = i;
  }
  const double uncertainty = median_of(std::move(uncertainties));
  choice.noise = std::clamp(uncertainty, kMinNoise, kMaxNoise);
  choice.too_noisy = uncertainty > kMaxNoise;
  const double enough = (1 - choice.noise) * figures[choice.best].median();
  for (std::size_t i = 0; i < figures.size(); ++i) {
    if (figures[i].median() >= enough) choice.equals.push_back(i);
  }
  choice.keeps_default = choice.too_noisy || choice.equals.front() == 0;
  choice.chosen =
      choice.keeps_default
          ? 0
          : *std::ranges::min_element(choice.equals, [&figures](std::size_t a, std::size_t b) {
              const Tuning& x = figures[a].tuning;
              const Tuning& y = figures[b].tuning;
              if (x.memory() != y.memory()) {
                return x.memory() < y.memory();
              }
              return x.chunk_size > y.chunk_size;
            });
  return choice;
}

}  // namespace mpiferry::cli
