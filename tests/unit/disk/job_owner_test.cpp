#include "engine/disk/job_owner.hpp"

#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace mpiferry::disk {
namespace {

TEST(JobOwner, comes_back_from_a_mark) {
  const JobOwner owner{.rank = Rank{2},
                       .pid = 1234,
                       .host = "node7.cluster",
                       .started = 567,
                       .pid_namespace = 8,
                       .boot = "7c1f"};
  const std::string mark = job_lock_text("workers of 00000000000000aa", owner);
  EXPECT_EQ(job_of(mark), "workers of 00000000000000aa");
  EXPECT_EQ(JobOwner::in(mark), owner);
}

TEST(JobOwner, is_nothing_in_what_is_no_mark) {
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

TEST(JobOwner, of_this_process_runs) {
  const JobOwner self = JobOwner::of_this_process(Rank{3});
  EXPECT_EQ(self.rank, Rank{3});
  EXPECT_EQ(self.pid, ::getpid());
  EXPECT_GT(self.started, 0U);
  EXPECT_EQ(self.runs(), true);
  EXPECT_NE(self.description().find("which still runs"), std::string::npos);
}

TEST(JobOwner, whose_pid_another_process_has_now_does_not_run) {
  JobOwner other = JobOwner::of_this_process(kMaster);
  --other.started;
  EXPECT_EQ(other.runs(), false);
}

TEST(JobOwner, whose_process_is_gone_does_not_run) {
  JobOwner gone = JobOwner::of_this_process(kMaster);
  gone.pid = 1 << 30;  // above every pid_max
  EXPECT_EQ(gone.runs(), false);
}

TEST(JobOwner, of_another_host_may_run_or_not) {
  JobOwner other = JobOwner::of_this_process(kMaster);
  other.host += "-other";
  EXPECT_EQ(other.runs(), std::nullopt);
  EXPECT_EQ(other.description(), "rank 0, pid " + std::to_string(::getpid()) + " on " + other.host);
}

TEST(JobOwner, of_another_machine_of_this_name_may_run_or_not) {
  JobOwner other = JobOwner::of_this_process(kMaster);
  other.boot = "7c1f";
  EXPECT_EQ(other.runs(), std::nullopt);
}

TEST(JobOwner, that_could_not_read_its_own_start_may_run_or_not) {
  JobOwner owner = JobOwner::of_this_process(kMaster);
  owner.started = 0;
  EXPECT_EQ(owner.runs(), std::nullopt);
  owner.pid = 1 << 30;  // above every pid_max
  EXPECT_EQ(owner.runs(), false);
}

TEST(JobOwner, of_another_pid_namespace_may_run_or_not) {
  JobOwner other = JobOwner::of_this_process(kMaster);
  ++other.pid_namespace;
  EXPECT_EQ(other.runs(), std::nullopt);
}

// With hidepid, /proc shows other users' processes to nobody but root.
TEST(JobOwner, that_proc_hides_may_run_or_not) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can mount /proc";
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    JobOwner owner = JobOwner::of_this_process(kMaster);
    owner.pid = ::getppid();
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("proc", "/proc", "proc", 0, "hidepid=2") != 0) {
      ::_exit(2);
    }
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(2);
    ::_exit(owner.runs() == std::nullopt ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "no mount namespace can be made here";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace mpiferry::disk
