// Here, and not in a file of its own, because only *_test.cpp are built into the tests.
#include "tests/unit/disk/isolation.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk::test {
namespace {

std::string because(const char* call) {
  return std::string{call} + ": " + std::generic_category().message(errno);
}

// The raw call is for this thread alone; glibc's would be for all.
bool become(uid_t user) { return ::syscall(SYS_setresuid, -1, user, -1) == 0; }

}  // namespace

std::string with_private_tmpfs(const std::string& directory, const std::string& options,
                               bool read_only, const std::function<void()>& body) {
  std::string why;
  // A namespace of mounts belongs to a thread, and goes with it.
  std::thread{[&] {
    if (::unshare(CLONE_FS | CLONE_NEWNS) != 0) {
      why = because("unshare");
    } else if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
               ::mount("tmpfs", directory.c_str(), "tmpfs", read_only ? MS_RDONLY : 0,
                       options.c_str()) != 0) {
      why = because("mount");
    } else {
      body();
    }
  }}.join();
  return why;
}

std::string without_root(const std::function<void()>& body) {
  if (::geteuid() != 0) {
    body();
    return {};
  }
  std::string why;
  std::thread{[&] {
    constexpr uid_t kNobody = 65534;
    if (become(kNobody)) {
      body();
    } else {
      why = because("setresuid");
    }
  }}.join();
  return why;
}

TEST(Isolation, mounts_and_users_stay_in_their_thread) {
  const TemporaryDirectory directory;
  directory.put("here", "x");
  const std::string why = with_private_tmpfs(directory.path(), "size=64k", false,
                                             [&] { EXPECT_FALSE(directory.has("here")); });
  EXPECT_TRUE(directory.has("here"));
  const uid_t before = ::geteuid();
  EXPECT_EQ(without_root([] { EXPECT_NE(::geteuid(), uid_t{0}); }), "");
  EXPECT_EQ(::geteuid(), before);
  if (!why.empty()) GTEST_SKIP() << why;
}

}  // namespace mpiferry::disk::test
