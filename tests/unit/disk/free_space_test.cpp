#include "engine/disk/free_space.hpp"

#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <limits>
#include <string>
#include <sys/resource.h>
#include <vector>

#include <gtest/gtest.h>

#include "engine/posix/descriptor.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/isolation.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk {
namespace {

using test::TemporaryDirectory;

FreeSpace space_in(const std::string& path) {
  const Result<FreeSpace> space = free_space_at(*Directory::open_existing(files, path));
  EXPECT_TRUE(space) << space.error().message();
  return space ? *space : FreeSpace{};
}

TEST(FreeSpace, is_what_the_file_system_has_left) {
  const TemporaryDirectory temporary;
  const std::string options = "size=64k,nr_inodes=10";
  const std::string why = test::with_private_tmpfs(temporary.path(), options, false, [&] {
    const FreeSpace empty = space_in(temporary.path());
    EXPECT_EQ(empty.available, Bytes{65'536});
    temporary.put("filler", std::string(20'000, 'x'));
    const FreeSpace less = space_in(temporary.path());
    EXPECT_EQ(less.available, Bytes{65'536 - 20'480}) << "whole pages";
    ASSERT_TRUE(empty.inodes);
    EXPECT_LT(*empty.inodes, 10U);
    EXPECT_EQ(*less.inodes, *empty.inodes - 1);
    EXPECT_FALSE(less.quota_left);
    temporary.put("filler2", std::string(100'000, 'x'));
    EXPECT_EQ(space_in(temporary.path()).available, Bytes{0});
  });
  if (!why.empty()) GTEST_SKIP() << "no mount of our own: " << why;
}

TEST(FreeSpace, without_a_limit_does_not_claim_one) {
  const TemporaryDirectory temporary;
  const std::string options = "size=0,nr_inodes=0";
  const std::string why = test::with_private_tmpfs(temporary.path(), options, false, [&] {
    const FreeSpace space = space_in(temporary.path());
    EXPECT_FALSE(space.available);
    EXPECT_FALSE(space.inodes);
  });
  if (!why.empty()) GTEST_SKIP() << "no mount of our own: " << why;
}

TEST(FreeSpace, tells_file_systems_apart_and_not_directories) {
  const TemporaryDirectory temporary;
  std::filesystem::create_directory(temporary / "sub");
  std::filesystem::create_directory(temporary / "mount");
  const std::uint64_t here = space_in(temporary.path()).file_system;
  EXPECT_EQ(here, space_in(temporary / "sub").file_system);
  const std::string why = test::with_private_tmpfs(temporary / "mount", "size=64k", false, [&] {
    EXPECT_NE(here, space_in(temporary / "mount").file_system);
  });
  if (!why.empty()) GTEST_SKIP() << "no mount of our own: " << why;
}

// The test runs as nobody, because tmpfs does not count what root writes.
TEST(FreeSpace, knows_what_is_left_of_a_quota) {
  const TemporaryDirectory temporary;
  std::filesystem::permissions(temporary.path(), std::filesystem::perms{0755});
  std::string nobody;
  const std::string why = test::with_private_tmpfs(
      temporary.path(), "size=1m,usrquota,usrquota_block_hardlimit=64k,usrquota_inode_hardlimit=9",
      false, [&] {
        nobody = test::without_root([&] {
          EXPECT_EQ(space_in(temporary.path()).quota_left, Bytes{65'536});
          temporary.put("filler", std::string(20'000, 'x'));
          const FreeSpace less = space_in(temporary.path());
          EXPECT_EQ(less.quota_left, Bytes{65'536 - 20'480});
          EXPECT_EQ(less.inodes, 8U);
          EXPECT_GT(less.available, less.quota_left);
        });
      });
  if (!why.empty()) GTEST_SKIP() << "no tmpfs with quotas of our own: " << why;
  if (!nobody.empty()) GTEST_SKIP() << "no other user to be: " << nobody;
}

TEST(OpenFiles, are_counted) {
  const std::uint64_t before = files.open_files();
  EXPECT_GE(before, 3U);
  std::vector<posix::Descriptor> more;
  for (int i = 0; i < 5; ++i) more.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(files.open_files(), before + 5);
  more.clear();
  EXPECT_EQ(files.open_files(), before);
}

TEST(OpenFiles, are_limited_by_the_soft_limit) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit lower{200, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &lower), 0);
  EXPECT_EQ(files.limits().open_files, 200U);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(files.limits().open_files, before.rlim_cur == RLIM_INFINITY
                                           ? std::numeric_limits<std::uint64_t>::max()
                                           : before.rlim_cur);
}

}  // namespace
}  // namespace mpiferry::disk
