#include "engine/disk/directory.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "engine/disk/vacancy.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/isolation.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk {
namespace {

using test::TemporaryDirectory;
namespace fs = std::filesystem;

// The failure that opening `path` must end in.
Failure refused(const std::string& path) {
  Result<Directory> directory = Directory::open_or_create(files, path);
  EXPECT_FALSE(directory) << path;
  if (directory) return {};
  EXPECT_EQ(directory.error().code, Errc::dest_unusable);
  EXPECT_FALSE(directory.error().hint.empty());
  return directory.error();
}

TEST(Directory, is_made_with_its_missing_parents) {
  const TemporaryDirectory temporary;
  const Result<Directory> directory = Directory::open_or_create(files, temporary / "a//b/./c/");
  ASSERT_TRUE(directory) << directory.error().message();
  EXPECT_EQ(directory->path(), temporary / "a//b/./c/");
  EXPECT_TRUE(fs::is_directory(temporary / "a/b/c"));
  EXPECT_TRUE(directory->sync());
  EXPECT_TRUE(directory->sync());
}

TEST(Directory, that_is_there_is_opened_with_what_is_in_it) {
  const TemporaryDirectory temporary;
  temporary.put("data", "x");
  const Result<Directory> directory = Directory::open_or_create(files, temporary.path());
  ASSERT_TRUE(directory);
  EXPECT_TRUE(directory->exists("data"));
  EXPECT_FALSE(directory->exists("date"));
  EXPECT_FALSE(directory->exists(std::string(300, 'x')));
}

TEST(Directory, may_be_a_link_to_one) {
  const TemporaryDirectory temporary;
  fs::create_directory(temporary / "real");
  fs::create_directory_symlink(temporary / "real", temporary / "link");
  EXPECT_TRUE(Directory::open_or_create(files, temporary / "link/sub"));
  EXPECT_TRUE(fs::is_directory(temporary / "real/sub"));
}

TEST(Directory, is_made_once_by_many_at_the_same_time) {
  const TemporaryDirectory temporary;
  for (int round = 0; round < 20; ++round) {
    const std::string path = temporary / std::to_string(round) + "/a/b/c/d";
    std::vector<std::string> errors(8);
    std::vector<std::thread> ranks;
    for (std::string& error : errors) {
      ranks.emplace_back([&path, &error] {
        const Result<Directory> directory = Directory::open_or_create(files, path);
        if (!directory) error = directory.error().message();
      });
    }
    for (std::thread& rank : ranks) rank.join();
    EXPECT_EQ(errors, std::vector<std::string>(8));
  }
}

TEST(Directory, whose_name_is_a_file_is_refused) {
  const TemporaryDirectory temporary;
  temporary.put("file", "x");
  const Failure failure = refused(temporary / "file");
  EXPECT_EQ(failure.path, temporary / "file");
  EXPECT_EQ(failure.system_errno, ENOTDIR);
  EXPECT_EQ(temporary.get("file"), "x");
}

TEST(Directory, below_a_file_names_the_file) {
  const TemporaryDirectory temporary;
  temporary.put("file", "x");
  const Failure failure = refused(temporary / "file/a/b");
  EXPECT_EQ(failure.path, temporary / "file");
  EXPECT_EQ(failure.call, "mkdir");
  EXPECT_EQ(failure.system_errno, ENOTDIR);
}

TEST(Directory, whose_name_is_a_link_to_nothing_is_refused) {
  const TemporaryDirectory temporary;
  fs::create_symlink("nowhere", temporary / "link");
  for (const char* name : {"link", "link/sub"}) {
    const Failure failure = refused(temporary / name);
    EXPECT_EQ(failure.path, temporary / "link");
    EXPECT_EQ(failure.detail, "a symbolic link to nothing");
  }
  EXPECT_FALSE(temporary.has("nowhere"));
}

TEST(Directory, behind_links_that_go_in_a_circle_is_refused) {
  const TemporaryDirectory temporary;
  fs::create_symlink("b", temporary / "a");
  fs::create_symlink("a", temporary / "b");
  EXPECT_EQ(refused(temporary / "a").system_errno, ELOOP);
}

TEST(Directory, with_too_long_a_name_is_refused_and_names_the_component) {
  const TemporaryDirectory temporary;
  const std::string component = temporary / "a/" + std::string(300, 'x');
  const Failure failure = refused(component + "/b");
  EXPECT_EQ(failure.system_errno, ENAMETOOLONG);
  EXPECT_EQ(failure.path, component);
}

TEST(Directory, with_no_name_is_refused) {
  const Result<Directory> directory = Directory::open_or_create(files, "");
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, Errc::dest_unusable);
}

TEST(Directory, where_none_can_be_made_is_refused) {
  const Failure failure = refused("/proc/self/mpiferry/out");
  EXPECT_EQ(failure.path, "/proc/self/mpiferry");
  EXPECT_EQ(failure.call, "mkdir");
}

TEST(Directory, on_a_read_only_file_system_is_refused) {
  const TemporaryDirectory temporary;
  const std::string why = test::with_private_tmpfs(temporary.path(), "size=64k", true, [&] {
    EXPECT_EQ(refused(temporary / "out").system_errno, EROFS);
    const Result<Directory> itself = Directory::open_or_create(files, temporary.path());
    ASSERT_TRUE(itself);
    const Outcome probe = itself->probe_writable();
    ASSERT_FALSE(probe);
    EXPECT_EQ(probe.error().code, Errc::dest_unusable);
    EXPECT_EQ(probe.error().system_errno, EROFS);
    EXPECT_EQ(probe.error().path, temporary.path());
    EXPECT_FALSE(probe.error().hint.empty());
    EXPECT_EQ(itself->open_partial("chunk_1.bin", 1).error.system_errno, EROFS);
  });
  if (!why.empty()) GTEST_SKIP() << "no mount of our own: " << why;
}

TEST(Directory, without_permission_is_refused_and_names_the_component) {
  const TemporaryDirectory temporary;
  fs::permissions(temporary.path(), fs::perms{0755});
  fs::create_directory(temporary / "locked");
  fs::permissions(temporary / "locked", fs::perms{0555});
  const std::string why = test::without_root([&] {
    const Failure failure = refused(temporary / "locked/a/b");
    EXPECT_EQ(failure.system_errno, EACCES);
    EXPECT_EQ(failure.path, temporary / "locked/a");
    const Result<Directory> itself = Directory::open_or_create(files, temporary / "locked");
    ASSERT_TRUE(itself);
    const Outcome probe = itself->probe_writable();
    ASSERT_FALSE(probe);
    EXPECT_EQ(probe.error().system_errno, EACCES);
  });
  if (!why.empty()) GTEST_SKIP() << "no other user to be: " << why;
}

TEST(Directory, has_the_id_of_the_directory_and_not_of_its_path) {
  const TemporaryDirectory temporary;
  fs::create_directory_symlink(temporary.path(), temporary / "link");
  const Directory itself = *Directory::open_or_create(files, temporary.path());
  EXPECT_EQ(itself.id(), Directory::open_or_create(files, temporary / "link/.")->id());
  EXPECT_NE(itself.id(), Directory::open_or_create(files, temporary / "other")->id());
}

TEST(Directory, probed_is_left_as_it_was) {
  const TemporaryDirectory temporary;
  const Directory directory = *Directory::open_or_create(files, temporary.path());
  EXPECT_TRUE(directory.probe_writable());
  EXPECT_TRUE(temporary.names().empty());
}

TEST(Directory, that_is_full_fails_the_probe) {
  const TemporaryDirectory temporary;
  const std::string why = test::with_private_tmpfs(temporary.path(), "size=4k", false, [&] {
    const Directory directory = *Directory::open_or_create(files, temporary.path());
    temporary.put("filler", std::string(4096, 'x'));
    const Outcome probe = directory.probe_writable();
    ASSERT_FALSE(probe);
    EXPECT_EQ(probe.error().call, "write");
    EXPECT_EQ(probe.error().system_errno, ENOSPC);
    EXPECT_EQ(temporary.names(), std::vector<std::string>{"filler"});
  });
  if (!why.empty()) GTEST_SKIP() << "no mount of our own: " << why;
}

TEST(Directory, probed_by_many_at_the_same_time_is_vacant_to_all) {
  const TemporaryDirectory temporary;
  std::vector<std::string> errors(4);
  std::vector<std::thread> ranks;
  for (std::string& error : errors) {
    ranks.emplace_back([&temporary, &error] {
      const Directory directory = *Directory::open_or_create(files, temporary.path());
      for (int i = 0; i < 200; ++i) {
        if (const Outcome probe = directory.probe_writable(); !probe)
          error = probe.error().message();
        if (const Outcome vacant = check_vacant(directory, ""); !vacant)
          error = vacant.error().message();
      }
    });
  }
  for (std::thread& rank : ranks) rank.join();
  EXPECT_EQ(errors, std::vector<std::string>(4));
}

TEST(Directory, replaces_the_part_of_a_predecessor) {
  const TemporaryDirectory temporary;
  const Directory directory = *Directory::open_or_create(files, temporary.path());
  temporary.put(".chunk_7.bin.0000000000000001.part", "of a crashed attempt");
  OpenedPartialFile part = directory.open_partial("chunk_7.bin", 1);
  ASSERT_FALSE(part.error);
  ASSERT_FALSE(part.file.publish(false));
  EXPECT_EQ(temporary.get("chunk_7.bin"), "");
}

TEST(Directory, does_not_start_a_part_in_place_of_a_directory) {
  const TemporaryDirectory temporary;
  const Directory directory = *Directory::open_or_create(files, temporary.path());
  fs::create_directory(temporary / ".chunk_7.bin.0000000000000001.part");
  const OpenedPartialFile part = directory.open_partial("chunk_7.bin", 1);
  EXPECT_EQ(part.error.call, Call::open);
  EXPECT_EQ(part.error.system_errno, EISDIR);
  EXPECT_FALSE(part.file);
}

TEST(Directory, takes_names_of_64_characters_and_no_longer_ones) {
  const TemporaryDirectory temporary;
  const Directory directory = *Directory::open_or_create(files, temporary.path());
  OpenedPartialFile longest = directory.open_partial(std::string(64, 'x'), ~std::uint64_t{0});
  EXPECT_FALSE(longest.error);
  EXPECT_FALSE(longest.file.publish(false));
  EXPECT_TRUE(temporary.has(std::string(64, 'x')));
  EXPECT_EQ(directory.open_partial(std::string(65, 'x'), 1).error.system_errno, ENAMETOOLONG);
  EXPECT_EQ(directory.open_partial("a/b", 1).error.system_errno, EINVAL);
  EXPECT_EQ(directory.open_partial("", 1).error.system_errno, EINVAL);
}

TEST(Directory, gives_files_the_mode_that_the_umask_leaves) {
  const TemporaryDirectory temporary;
  const Directory directory = *Directory::open_or_create(files, temporary.path());
  const mode_t before = ::umask(027);
  OpenedPartialFile part = directory.open_partial("chunk_7.bin", 1);
  ::umask(before);
  ASSERT_FALSE(part.file.publish(false));
  EXPECT_EQ(fs::status(temporary / "chunk_7.bin").permissions(), fs::perms{0640});
}

TEST(Directory, stays_the_same_directory_when_it_is_renamed) {
  const TemporaryDirectory temporary;
  const Directory directory = *Directory::open_or_create(files, temporary / "before");
  OpenedPartialFile part = directory.open_partial("chunk_7.bin", 1);
  fs::rename(temporary / "before", temporary / "after");
  EXPECT_FALSE(part.file.publish(false));
  EXPECT_TRUE(temporary.has("after/chunk_7.bin"));
}

}  // namespace
}  // namespace mpiferry::disk
