#include "engine/disk/job_owner.hpp"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace mpiferry::disk {
namespace {

TEST(JobOwner, comes_back_from_a_job_lock) {
  const JobOwner owner{.rank = Rank{2},
                       .process = {.pid = 1234,
                                   .host = "node7.cluster",
                                   .started = 567,
                                   .pid_namespace = 8,
                                   .boot = "7c1f"}};
  const std::string lock = job_lock_text("workers of 00000000000000aa", owner);
  EXPECT_EQ(job_of(lock), "workers of 00000000000000aa");
  EXPECT_EQ(JobOwner::in(lock), owner);
}

TEST(JobOwner, is_nothing_in_what_is_no_job_lock) {
  for (const char* text :
       {"", "\n", "job", "job\n", "job\nrank", "job\nrank 1, pid 2",
        "job\nrank 1, pid 2 (started 3) on n", "job\nx\n",
        "job\nrank 1, pid 2 (started 3, pid namespace 4) on n",
        "job\nrank 1, pid 2 (started 3, pid namespace 4, boot 7c1f) on ",
        "job\nrank x, pid 2 (started 3, pid namespace 4, boot 7c1f) on n",
        "job\nrank 99999999999, pid 2 (started 3, pid namespace 4, boot 7c1f) on n"}) {
    EXPECT_EQ(JobOwner::in(text), std::nullopt) << text;
  }
}

TEST(JobOwner, says_whether_it_still_runs_where_that_is_known) {
  const JobOwner owner{.rank = Rank{2}, .process = {.pid = 1234, .host = "node7"}};
  EXPECT_EQ(owner.description(true), "rank 2, pid 1234 on node7, which still runs");
  EXPECT_EQ(owner.description(false), "rank 2, pid 1234 on node7, which no longer runs");
  EXPECT_EQ(owner.description(std::nullopt), "rank 2, pid 1234 on node7");
}

}  // namespace
}  // namespace mpiferry::disk
