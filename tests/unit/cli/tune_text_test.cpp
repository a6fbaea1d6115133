#include "cli/tune/tune_text.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mpiferry::cli {
namespace {

std::string text_for_speeds(const std::vector<double>& slow, const std::vector<double>& fast) {
  const TuneArguments arguments;
  TuneResult result;
  result.ranks = 3;
  result.figures = {{.tuning = {.chunk_size = Bytes{1U << 20U}, .window = 8}, .speeds = slow},
                    {.tuning = {.chunk_size = Bytes{4U << 20U}, .window = 2}, .speeds = fast}};
  return tune_text(
      {.arguments = arguments, .result = result, .choice = choose(result.figures), .version = "0"});
}

TEST(TuneReport, says_that_the_noise_was_too_much_to_tell) {
  const std::string text = text_for_speeds({0.1, 1, 9}, {10, 100, 900});
  EXPECT_NE(text.find("noise: over 50 %"), std::string::npos) << text;
  EXPECT_NE(text.find("keep the defaults, 1.0 MiB x 8: the measurements vary too much to tell"),
            std::string::npos)
      << text;
}

TEST(TuneReport, says_how_much_noise_there_was) {
  const std::string text = text_for_speeds({1.9, 2, 2.1}, {2.9, 3, 3.1});
  EXPECT_NE(text.find("noise: "), std::string::npos) << text;
  EXPECT_EQ(text.find("over "), std::string::npos) << text;
  EXPECT_NE(text.find("use --chunk-size 4M --window 2"), std::string::npos) << text;
}

TEST(TuneReport, says_how_far_it_is_and_how_long_it_takes) {
  using namespace std::chrono_literals;
  TuneProgress progress{.total = 24, .tuning = {64_KiB, 32}, .elapsed = 2500ms};
  EXPECT_EQ(fitted(tune_fields(progress, 60s), 80), "tune: warm-up  64.0 KiB x 32  2 s elapsed");
  progress.number = 5;
  progress.measuring = 2s;
  EXPECT_EQ(fitted(tune_fields(progress, 60s), 80),
            "tune: 5 of 24  64.0 KiB x 32  2 s elapsed  ETA 10 s");
  EXPECT_EQ(fitted(tune_fields(progress, 5s), 80),
            "tune: 5 of 24  64.0 KiB x 32  2 s elapsed  ETA 3 s");
  EXPECT_EQ(fitted(tune_fields(progress, 1s), 80),
            "tune: 5 of 24  64.0 KiB x 32  2 s elapsed  ETA 0 s");
  EXPECT_EQ(fitted(tune_fields(progress, 0s), 30), "tune: 5 of 24  64.0 KiB x 32");
}

TEST(TuneReport, has_one_unit_for_all_speeds) {
  const std::string text = text_for_speeds({0.0001, 0.0001}, {2, 2});
  EXPECT_NE(text.find("    MiB/s  "), std::string::npos) << text;
  EXPECT_NE(
      text.find("it gave 1907.3 MiB/s; the defaults, 1.0 MiB x 8, gave 0.1 MiB/s, 100 % less"),
      std::string::npos)
      << text;
}

}  // namespace
}  // namespace mpiferry::cli
