// The exit codes, as --help lists them.
#include "cli/process/exit_code.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace mpiferry::cli {
namespace {

TEST(ExitCodes, that_an_error_can_have_are_all_listed) {
  std::string text = exit_codes_text();
  std::ranges::replace(text, '\n', ' ');
  EXPECT_EQ(text.find("Exit codes: 0 done, 2 usage, 3 source, 4 destination, "), 0U) << text;
  for (int i = 0; i <= static_cast<int>(Errc::interrupted); ++i) {
    const ErrorClass its = error_class(static_cast<Errc>(i));
    const std::string entry = fmt::format(" {} {}", exit_code(its), class_name(its));
    EXPECT_NE(text.find(entry), std::string::npos) << entry << '\n' << text;
  }
}

TEST(ExitCodes, mean_to_a_command_what_it_says) {
  const std::array<ExitCodeMeaning, 2> meanings{
      {{ErrorClass::source, "no manifest"}, {ErrorClass::integrity, "a chunk is missing"}}};
  const std::string text = exit_codes_text(meanings);
  EXPECT_NE(text.find(" 3 no manifest, 4 destination, 5 a chunk is missing, 6 stalled"),
            std::string::npos)
      << text;
}

TEST(ExitCodes, are_listed_in_lines_of_a_hundred_columns) {
  const std::string long_text(90, 'x');
  const std::array<ExitCodeMeaning, 1> meanings{{{ErrorClass::source, long_text}}};
  std::istringstream lines{exit_codes_text(meanings)};
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
}

}  // namespace
}  // namespace mpiferry::cli
