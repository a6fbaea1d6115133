#include "engine/posix/process.hpp"

#include <optional>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace mpiferry::posix {
namespace {

TEST(Process, that_asks_runs) {
  const storage::ProcessId self = this_process();
  EXPECT_EQ(self.pid, ::getpid());
  EXPECT_GT(self.started, 0U);
  EXPECT_EQ(runs(self), true);
}

TEST(Process, whose_pid_another_process_has_now_does_not_run) {
  storage::ProcessId other = this_process();
  --other.started;
  EXPECT_EQ(runs(other), false);
}

TEST(Process, whose_process_is_gone_does_not_run) {
  storage::ProcessId gone = this_process();
  gone.pid = 1 << 30;  // above every pid_max
  EXPECT_EQ(runs(gone), false);
}

TEST(Process, of_another_host_may_run_or_not) {
  storage::ProcessId other = this_process();
  other.host += "-other";
  EXPECT_EQ(runs(other), std::nullopt);
}

TEST(Process, of_another_machine_of_this_name_may_run_or_not) {
  storage::ProcessId other = this_process();
  other.boot = "7c1f";
  EXPECT_EQ(runs(other), std::nullopt);
}

TEST(Process, that_could_not_read_its_own_start_may_run_or_not) {
  storage::ProcessId owner = this_process();
  owner.started = 0;
  EXPECT_EQ(runs(owner), std::nullopt);
  owner.pid = 1 << 30;  // above every pid_max
  EXPECT_EQ(runs(owner), false);
}

TEST(Process, of_another_pid_namespace_may_run_or_not) {
  storage::ProcessId other = this_process();
  ++other.pid_namespace;
  EXPECT_EQ(runs(other), std::nullopt);
}

// With hidepid, /proc shows other users' processes to nobody but root.
TEST(Process, that_proc_hides_may_run_or_not) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can mount /proc";
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    storage::ProcessId owner = this_process();
    owner.pid = ::getppid();
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("proc", "/proc", "proc", 0, "hidepid=2") != 0) {
      ::_exit(2);
    }
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(2);
    ::_exit(runs(owner) == std::nullopt ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "no mount namespace can be made here";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace mpiferry::posix
