// The engine's words for what a user has typed.
#include "cli/process/option_names.hpp"

#include <gtest/gtest.h>

namespace mpiferry::cli {
namespace {

TEST(OptionNames, are_those_of_the_command_line) {
  EXPECT_EQ(with_option_names("`stall_timeout` sets how long to wait"),
            "--stall-timeout sets how long to wait");
  EXPECT_EQ(with_option_names("resume with `layout` stripes, or replace all with `force`"),
            "resume with --layout stripes, or replace all with --force");
  EXPECT_EQ(with_option_names("`faults` stall=7"), "--fault stall=7");
}

TEST(OptionNames, are_not_found_in_other_text) {
  for (const char* text : {"", "`", "``", "a`b", "`Not this`", "`a b`", "'a`b c`d'", "--resume"}) {
    EXPECT_EQ(with_option_names(text), text);
  }
}

TEST(OptionNames, are_named_in_all_that_has_failed) {
  JobReport job;
  job.failure = Failure{.detail = "`window` 0", .hint = "`memory`"};
  job.warnings = {Failure{.detail = "`retries`"}};
  name_options(job);
  EXPECT_EQ(job.failure->detail, "--window 0");
  EXPECT_EQ(job.failure->hint, "--memory");
  EXPECT_EQ(job.warnings.front().detail, "--retries");
}

}  // namespace
}  // namespace mpiferry::cli
