#include "engine/posix/quota.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <dlfcn.h>
#include <fcntl.h>
#include <functional>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "engine/posix/descriptor.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace {
// Stands in for a kernel that keeps quotas: the KiB that a type (USRQUOTA, GRPQUOTA) and an id may
// have; 0: it may not be asked.
thread_local std::function<std::uint64_t(int, std::uint32_t)> kept;
}  // namespace

// quotactl_fd(2) has no function of its own. All other calls go where they would have gone, with
// six arguments as the real one takes them: fewer may have come.
extern "C" [[gnu::no_sanitize_address]] long syscall(long number, ...) noexcept {
  va_list list;
  va_start(list, number);
  long arguments[6];
  for (long& argument : arguments) argument = va_arg(list, long);
  va_end(list);
  constexpr long kQuotactlFd = 443;
  if (number == kQuotactlFd && kept) {
    const auto command = static_cast<unsigned>(arguments[1]);
    const int type = static_cast<int>(command & SUBCMDMASK);
    const std::uint64_t limit = kept(type, static_cast<std::uint32_t>(arguments[2]));
    if (command != static_cast<unsigned>(QCMD(Q_GETQUOTA, type)) || limit == 0) {
      errno = EPERM;
      return -1;
    }
    reinterpret_cast<dqblk*>(arguments[3])->dqb_bhardlimit = limit;
    return 0;
  }
  using Call = long (*)(long, ...);
  static const Call real = reinterpret_cast<Call>(::dlsym(RTLD_NEXT, "syscall"));
  return real(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
              arguments[5]);
}

namespace mpiferry::posix {
namespace {

TEST(Quota, that_is_not_kept_limits_nothing) {
  const Descriptor proc{::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  ASSERT_TRUE(proc);
  for (const int descriptor : {proc.get(), -1}) {
    const storage::QuotaLeft left = quota_left(descriptor);
    EXPECT_FALSE(left.space);
    EXPECT_FALSE(left.files);
  }
}

TEST(Quota, without_limits_limits_nothing) {
  dqblk quota{};
  quota.dqb_curspace = 4096;
  quota.dqb_curinodes = 3;
  const storage::QuotaLeft left = quota_left(quota, 1000);
  EXPECT_FALSE(left.space);
  EXPECT_FALSE(left.files);
}

TEST(Quota, is_left_up_to_the_hard_limit) {
  dqblk quota{};
  quota.dqb_bhardlimit = 10;  // KiB
  quota.dqb_curspace = 4096;
  quota.dqb_ihardlimit = 7;
  quota.dqb_curinodes = 3;
  EXPECT_EQ(quota_left(quota, 1000).space, Bytes{6144});
  EXPECT_EQ(quota_left(quota, 1000).files, 4U);
  quota.dqb_curspace = 20'000;  // the limit was lowered
  quota.dqb_curinodes = 8;
  EXPECT_EQ(quota_left(quota, 1000).space, Bytes{0});
  EXPECT_EQ(quota_left(quota, 1000).files, 0U);
}

TEST(Quota, above_the_soft_limit_is_left_until_the_grace_period_ends) {
  dqblk quota{};
  quota.dqb_bsoftlimit = 2;
  quota.dqb_bhardlimit = 10;
  quota.dqb_curspace = 4096;
  quota.dqb_btime = 1000;
  quota.dqb_isoftlimit = 2;
  quota.dqb_curinodes = 3;
  quota.dqb_itime = 1000;
  EXPECT_EQ(quota_left(quota, 999).space, Bytes{6144});
  EXPECT_FALSE(quota_left(quota, 999).files);
  EXPECT_EQ(quota_left(quota, 1000).space, Bytes{0});
  EXPECT_EQ(quota_left(quota, 1000).files, 0U);
  quota.dqb_curspace = 1024;  // below it again
  EXPECT_EQ(quota_left(quota, 1000).space, Bytes{9216});
}

class KeptQuota : public testing::Test {
 protected:
  ~KeptQuota() override { kept = nullptr; }
  disk::test::TemporaryDirectory temporary;
  Descriptor directory{::open(temporary.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
};

TEST_F(KeptQuota, is_the_lesser_of_the_users_and_the_groups) {
  kept = [](int type, std::uint32_t) { return type == USRQUOTA ? 30U : 20U; };
  EXPECT_EQ(quota_left(directory.get()).space, 20_KiB);
  kept = [](int type, std::uint32_t) { return type == USRQUOTA ? 10U : 20U; };
  EXPECT_EQ(quota_left(directory.get()).space, 10_KiB);
  kept = [](int type, std::uint32_t) { return type == USRQUOTA ? 10U : 0U; };
  EXPECT_EQ(quota_left(directory.get()).space, 10_KiB);
  kept = [](int type, std::uint32_t) { return type == USRQUOTA ? 0U : 20U; };
  EXPECT_EQ(quota_left(directory.get()).space, 20_KiB);
}

TEST_F(KeptQuota, is_that_of_whom_new_files_belong_to) {
  kept = [](int type, std::uint32_t id) {
    return type == USRQUOTA ? (id == ::geteuid() ? 50U : 1U) : (id == 12345 ? 30U : 40U);
  };
  EXPECT_EQ(quota_left(directory.get()).space, 40_KiB);
  if (::chown(temporary.path().c_str(), static_cast<uid_t>(-1), 12345) != 0) {
    GTEST_SKIP() << "a directory cannot be given to another group";
  }
  EXPECT_EQ(quota_left(directory.get()).space, 40_KiB) << "it does not hand its group down";
  ASSERT_EQ(::chmod(temporary.path().c_str(), 02755), 0);
  EXPECT_EQ(quota_left(directory.get()).space, 30_KiB);
}

}  // namespace
}  // namespace mpiferry::posix
