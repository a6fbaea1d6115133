#include "cli/tune_report.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mpiferry::cli {
namespace {

std::string text_of_speeds(const std::vector<double>& slow, const std::vector<double>& fast) {
  const TuneArguments arguments;
  SweepResult sweep;
  sweep.ranks = 3;
  sweep.figures = {{.tuning = {.chunk_size = Bytes{1U << 20U}, .window = 8}, .speeds = slow},
                   {.tuning = {.chunk_size = Bytes{4U << 20U}, .window = 2}, .speeds = fast}};
  return tune_text(
      {.arguments = arguments, .sweep = sweep, .choice = choose(sweep.figures), .version = "0"});
}

TEST(TuneReport, says_that_the_noise_was_too_much_to_tell) {
  const std::string text = text_of_speeds({0.1, 1, 9}, {10, 100, 900});
  EXPECT_NE(text.find("noise: over 50 %"), std::string::npos) << text;
  EXPECT_NE(text.find("keep the defaults, 1.0 MiB x 8: the measurements vary too much to tell"),
            std::string::npos)
      << text;
}

TEST(TuneReport, says_how_much_noise_there_was) {
  const std::string text = text_of_speeds({1.9, 2, 2.1}, {2.9, 3, 3.1});
  EXPECT_NE(text.find("noise: "), std::string::npos) << text;
  EXPECT_EQ(text.find("over "), std::string::npos) << text;
  EXPECT_NE(text.find("use --chunk-size 4M --window 2"), std::string::npos) << text;
}

}  // namespace
}  // namespace mpiferry::cli
