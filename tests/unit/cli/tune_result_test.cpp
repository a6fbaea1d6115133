// What counts when several things fail in one run of tune.
#include "cli/tune/tune_result.hpp"

#include <cerrno>
#include <string>

#include <gtest/gtest.h>

namespace mpiferry::cli {
namespace {

Failure lost() { return {.code = Errc::worker_stalled, .rank = Rank{2}}; }

TEST(TuneResult, keeps_the_first_failure) {
  TuneResult result;
  result.fail({.code = Errc::interrupted});
  result.fail({.code = Errc::source_not_found});
  EXPECT_EQ(result.verdict, Errc::interrupted);
  EXPECT_EQ(result.failure->code, Errc::interrupted);
}

TEST(TuneResult, advises_a_smaller_sample_when_a_disk_is_full) {
  TuneResult result;
  result.fail({.code = Errc::dest_write_failed, .system_errno = ENOSPC, .hint = "none"});
  EXPECT_NE(result.failure->hint.find("a smaller --size"), std::string::npos);
}

TEST(TuneResult, fails_when_a_rank_is_lost) {
  TuneResult result;
  result.abandon(lost());
  EXPECT_TRUE(result.abandoned);
  EXPECT_EQ(result.failure, lost());
  EXPECT_EQ(result.warning, "");
}

TEST(TuneResult, only_warns_of_a_lost_rank_after_another_failure) {
  TuneResult result;
  result.fail({.code = Errc::interrupted});
  result.abandon(lost());
  EXPECT_TRUE(result.abandoned);
  EXPECT_EQ(result.verdict, Errc::interrupted);
  EXPECT_EQ(result.warning.find("mpiferry: warning: rank 2"), 0U) << result.warning;
}

TEST(TuneResult, names_the_lost_rank_rather_than_the_same_failure_without_one) {
  TuneResult result;
  result.fail({.code = Errc::worker_stalled});
  result.abandon(lost());
  EXPECT_EQ(result.failure, lost());
}

}  // namespace
}  // namespace mpiferry::cli
