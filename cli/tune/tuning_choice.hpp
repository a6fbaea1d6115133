// Which chunk size and window `mpiferry tune` advises, and why. Arithmetic.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/tune/tuning_plan.hpp"

namespace mpiferry::cli {

// What was measured of one case. Speeds in 10^9 bytes a second.
struct TuningFigure {
  Tuning tuning;
  std::vector<double> speeds;  // one a repetition

  // 0 without a speed.
  double median() const;
  double lowest() const;
  double highest() const;
  double spread() const;  // (highest - lowest) / median
  // Two standard errors of the median, as a share of it; 0 for fewer than two speeds. The standard
  // deviation is sqrt(pi / 2) times the mean distance from the median, and that of the median of n
  // values sqrt(pi / 2) / sqrt(n) times it (both for normal noise, the second for large n; Kendall
  // and Stuart, The Advanced Theory of Statistics, volume 1). So it falls as repetitions grow in
  // number, which their range does not.
  double uncertainty() const;
};

struct TuningChoice {
  std::size_t best = 0;    // the highest median
  std::size_t chosen = 0;  // the advice
  bool keeps_default = true;
  bool too_noisy = false;  // an uncertainty beyond kMaxNoise: the default is kept
  // Speeds that differ by less than this share of the best one are equal.
  double noise = 0;
  std::vector<std::size_t> equals;  // the cases that are equal to the best, itself included
};

// `figures` begins with the default; each has a speed.
//   noise    the median over the cases of their uncertainty, from kMinNoise to kMaxNoise
//   equal    median >= (1 - noise) * the best median
//   chosen   the default, if it is equal to the best or all is too noisy; else the equal case with
//            the smallest memory; of those, the one with the largest chunks
TuningChoice choose(const std::vector<TuningFigure>& figures);

// Few repetitions may agree by chance.
inline constexpr double kMinNoise = 0.02;
// Beyond it nothing can be told.
inline constexpr double kMaxNoise = 0.5;

}  // namespace mpiferry::cli
