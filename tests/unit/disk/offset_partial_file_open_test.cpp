// OffsetPartialFile opens a file, creates one, or keeps another job out.
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/disk/offset_partial_file.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/bytes.hpp"
#include "tests/unit/disk/isolation.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class OffsetPartialFileOpen : public testing::Test {
 protected:
  OffsetPartialFile open(OpenMode open_mode) const {
    Result<OffsetPartialFile> part = OffsetPartialFile::open(directory, "file.bin", open_mode);
    EXPECT_TRUE(part) << part.error().message();
    return std::move(*part);
  }
  Failure refused(OpenMode open_mode, const std::string& name = "file.bin") const {
    Result<OffsetPartialFile> part = OffsetPartialFile::open(directory, name, open_mode);
    EXPECT_FALSE(part) << name;
    return part ? Failure{} : part.error();
  }
  void expect_occupied(OpenMode open_mode) const {
    const Failure failure = refused(open_mode);
    EXPECT_EQ(failure.code, Errc::dest_occupied);
    EXPECT_EQ(failure.detail, "another job is writing it");
    EXPECT_FALSE(failure.hint.empty());
  }
  test::TemporaryDirectory temporary;
  Directory directory = *Directory::open_or_create(files, temporary.path());
};

TEST_F(OffsetPartialFileOpen, afresh_makes_a_part_with_the_mode_that_the_umask_leaves) {
  const mode_t before = ::umask(027);
  const OffsetPartialFile part = open(OpenMode::create);
  ::umask(before);
  EXPECT_EQ(temporary.names(), Names{"file.bin.part"});
  EXPECT_EQ(part.path(), temporary / "file.bin.part");
  EXPECT_FALSE(part.is_published());
  EXPECT_EQ(fs::status(temporary / "file.bin.part").permissions(), fs::perms{0640});
}

TEST_F(OffsetPartialFileOpen, afresh_leaves_the_finished_file_alone) {
  temporary.put("file.bin", "finished");
  OffsetPartialFile part = open(OpenMode::create);
  ASSERT_FALSE(part.write({}, bytes("new")));
  EXPECT_EQ(temporary.get("file.bin"), "finished");
  EXPECT_FALSE(part.is_published());
}

TEST_F(OffsetPartialFileOpen, afresh_replaces_the_part_of_a_dead_job) {
  temporary.put("file.bin.part", "of a dead job");
  OffsetPartialFile part = open(OpenMode::create);
  EXPECT_EQ(part.size()->value, 0U);
  EXPECT_EQ(temporary.get("file.bin.part"), "");
}

TEST_F(OffsetPartialFileOpen, afresh_writes_through_no_link) {
  temporary.put("precious", "untouched");
  fs::create_symlink(temporary / "precious", temporary / "file.bin.part");
  ASSERT_FALSE(open(OpenMode::create).write({}, bytes("new")));
  EXPECT_EQ(temporary.get("file.bin.part"), "new");
  fs::remove(temporary / "file.bin.part");
  fs::create_hard_link(temporary / "precious", temporary / "file.bin.part");
  ASSERT_FALSE(open(OpenMode::create).write({}, bytes("new")));
  EXPECT_EQ(temporary.get("file.bin.part"), "new");
  EXPECT_EQ(temporary.get("precious"), "untouched");
}

TEST_F(OffsetPartialFileOpen, afresh_replaces_a_fifo_without_waiting_for_it) {
  ASSERT_EQ(::mkfifo((temporary / "file.bin.part").c_str(), 0600), 0);
  const OffsetPartialFile part = open(OpenMode::create);
  EXPECT_TRUE(fs::is_regular_file(temporary / "file.bin.part"));
}

TEST_F(OffsetPartialFileOpen, afresh_does_not_remove_a_directory) {
  fs::create_directory(temporary / "file.bin.part");
  const Failure failure = refused(OpenMode::create);
  EXPECT_EQ(failure.code, Errc::dest_unusable);
  EXPECT_EQ(failure.path, temporary / "file.bin.part");
  EXPECT_EQ(failure.call, "unlink");
  EXPECT_EQ(failure.system_errno, EISDIR);
  EXPECT_FALSE(failure.hint.empty());
}

TEST_F(OffsetPartialFileOpen, to_keep_goes_on_with_the_part) {
  temporary.put("file.bin", "finished");
  temporary.put("file.bin.part", "unfinished");
  const OffsetPartialFile part = open(OpenMode::resume);
  EXPECT_FALSE(part.is_published());
  EXPECT_EQ(part.size()->value, 10U);
  ASSERT_FALSE(part.write(Bytes{2}, bytes("FINI")));
  EXPECT_EQ(temporary.get("file.bin.part"), "unFINIshed");
  EXPECT_EQ(temporary.get("file.bin"), "finished");
}

TEST_F(OffsetPartialFileOpen, to_keep_opens_the_finished_file_where_there_is_no_part) {
  temporary.put("file.bin", "finished");
  const OffsetPartialFile part = open(OpenMode::resume);
  EXPECT_TRUE(part.is_published());
  EXPECT_EQ(part.path(), temporary / "file.bin");
  EXPECT_EQ(part.size()->value, 8U);
  EXPECT_EQ(temporary.names(), Names{"file.bin"});
}

TEST_F(OffsetPartialFileOpen, to_keep_makes_a_part_where_there_is_nothing) {
  const OffsetPartialFile part = open(OpenMode::resume);
  EXPECT_FALSE(part.is_published());
  EXPECT_EQ(temporary.names(), Names{"file.bin.part"});
}

TEST_F(OffsetPartialFileOpen, to_join_opens_what_is_there_and_makes_nothing) {
  const Failure missing = refused(OpenMode::attach);
  EXPECT_EQ(missing.code, Errc::dest_unusable);
  EXPECT_EQ(missing.system_errno, ENOENT);
  EXPECT_EQ(missing.path, temporary / "file.bin.part");
  EXPECT_NE(missing.hint.find("shared"), std::string::npos);
  EXPECT_TRUE(temporary.names().empty());
  temporary.put("file.bin", "finished");
  EXPECT_TRUE(open(OpenMode::attach).is_published());
  temporary.put("file.bin.part", "unfinished");
  EXPECT_FALSE(open(OpenMode::attach).is_published());
}

TEST_F(OffsetPartialFileOpen, with_an_existing_file_writes_through_no_link) {
  temporary.put("precious", "untouched");
  for (const std::string name : {"file.bin.part", "file.bin"}) {
    for (const OpenMode open_mode : {OpenMode::resume, OpenMode::attach}) {
      fs::create_symlink(temporary / "precious", temporary / name);
      const Failure soft = refused(open_mode);
      EXPECT_EQ(soft.code, Errc::dest_unusable);
      EXPECT_EQ(soft.path, temporary / name);
      EXPECT_EQ(soft.system_errno, ELOOP);
      EXPECT_NE(soft.detail.find("symbolic link"), std::string::npos);
      fs::remove(temporary / name);
      fs::create_hard_link(temporary / "precious", temporary / name);
      const Failure hard = refused(open_mode);
      EXPECT_EQ(hard.code, Errc::dest_unusable);
      EXPECT_EQ(hard.path, temporary / name);
      EXPECT_NE(hard.detail.find("hard link"), std::string::npos);
      EXPECT_NE(hard.hint.find("`force`"), std::string::npos);
      fs::remove(temporary / name);
    }
  }
}

TEST_F(OffsetPartialFileOpen, with_an_existing_file_takes_regular_ones_only) {
  ASSERT_EQ(::mkfifo((temporary / "file.bin.part").c_str(), 0600), 0);
  EXPECT_EQ(refused(OpenMode::resume).detail, "not a regular file");
  fs::remove(temporary / "file.bin.part");
  fs::create_directory(temporary / "file.bin");
  EXPECT_EQ(refused(OpenMode::resume).system_errno, EISDIR);
  EXPECT_EQ(refused(OpenMode::attach).path, temporary / "file.bin");
}

TEST_F(OffsetPartialFileOpen, takes_names_of_250_bytes_and_no_longer_ones) {
  Result<OffsetPartialFile> longest =
      OffsetPartialFile::open(directory, std::string(250, 'x'), OpenMode::create);
  ASSERT_TRUE(longest);
  EXPECT_FALSE(longest->publish({}, false, true));
  EXPECT_TRUE(temporary.has(std::string(250, 'x')));
  EXPECT_EQ(refused(OpenMode::create, std::string(251, 'x')).system_errno, ENAMETOOLONG);
  for (const std::string name : {"", ".", "..", "a/b"}) {
    EXPECT_EQ(refused(OpenMode::create, name).system_errno, EINVAL);
  }
}

TEST_F(OffsetPartialFileOpen, keeps_other_owners_out_and_lets_ranks_join) {
  std::optional<OffsetPartialFile> owner{open(OpenMode::create)};
  ASSERT_FALSE(owner->write({}, bytes("mine")));
  expect_occupied(OpenMode::create);
  expect_occupied(OpenMode::resume);
  EXPECT_FALSE(open(OpenMode::attach).write(Bytes{4}, bytes("+ours")));
  EXPECT_EQ(temporary.get("file.bin.part"), "mine+ours");
  owner.reset();
  EXPECT_EQ(open(OpenMode::resume).size()->value, 9U);
}

TEST_F(OffsetPartialFileOpen, keeps_other_owners_out_of_a_finished_file_as_well) {
  temporary.put("file.bin", "finished");
  OffsetPartialFile owner = open(OpenMode::resume);
  expect_occupied(OpenMode::resume);
  ASSERT_TRUE(owner.unpublish());
  expect_occupied(OpenMode::resume);
  expect_occupied(OpenMode::create);
}

TEST_F(OffsetPartialFileOpen, keeps_nobody_out_once_it_is_published_or_discarded) {
  OffsetPartialFile first = open(OpenMode::create);
  ASSERT_FALSE(first.publish({}, false, true));
  OffsetPartialFile second = open(OpenMode::create);
  second.discard();
  EXPECT_TRUE(open(OpenMode::create));
  EXPECT_EQ(temporary.names(), (Names{"file.bin", "file.bin.part"}));
}

// Four jobs fight over one name; the one that has it must have it alone.
TEST_F(OffsetPartialFileOpen, at_the_same_time_has_one_owner) {
  std::atomic<int> owners{0};
  std::atomic<int> most{0};
  std::atomic<int> owned{0};
  std::vector<std::string> errors(4);
  std::vector<std::thread> jobs;
  for (std::string& error : errors) {
    jobs.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const OpenMode open_mode = i % 2 == 0 ? OpenMode::create : OpenMode::resume;
        Result<OffsetPartialFile> part = OffsetPartialFile::open(directory, "file.bin", open_mode);
        if (!part) {
          if (part.error().code != Errc::dest_occupied) error = part.error().message();
          continue;
        }
        if (part->is_published()) continue;  // the lock of another file
        const int now = ++owners;
        if (now > most) most = now;
        ++owned;
        if (!temporary.has("file.bin.part")) error = "the part of an owner was removed";
        --owners;
        if (i % 3 == 0) {
          if (const WriteError failed = part->publish({}, false, true); failed)
            error = "publish: errno " + std::to_string(failed.system_errno);
        } else if (i % 3 == 1) {
          part->discard();
        }
      }
    });
  }
  for (std::thread& job : jobs) job.join();
  EXPECT_EQ(errors, std::vector<std::string>(4));
  EXPECT_EQ(most, 1);
  EXPECT_GT(owned, 0);
}

unsigned mode_of(const std::string& path) {
  return static_cast<unsigned>(fs::status(path).permissions());
}

TEST_F(OffsetPartialFileOpen, with_a_file_that_its_owner_may_only_read_writes_it) {
  fs::permissions(temporary.path(), fs::perms::all);
  const std::string why = test::without_root([&] {
    temporary.put("file.bin", "finished");
    fs::permissions(temporary / "file.bin", fs::perms{0444});
    {
      const OffsetPartialFile part = open(OpenMode::resume);
      EXPECT_TRUE(part.is_published());
      EXPECT_EQ(mode_of(temporary / "file.bin"), 0644U);
    }
    EXPECT_EQ(mode_of(temporary / "file.bin"), 0444U) << "it was not published";
    OffsetPartialFile part = open(OpenMode::resume);
    ASSERT_TRUE(part.unpublish());
    ASSERT_FALSE(part.write({}, bytes("other")));
    ASSERT_FALSE(part.publish({5}, false, true));
    EXPECT_EQ(temporary.get("file.bin"), "other");
    EXPECT_EQ(mode_of(temporary / "file.bin"), 0444U);
    {
      const OffsetPartialFile holder = open(OpenMode::resume);
      expect_occupied(OpenMode::resume);
    }
    EXPECT_EQ(mode_of(temporary / "file.bin"), 0444U);
  });
  if (!why.empty()) GTEST_SKIP() << why;
}

TEST_F(OffsetPartialFileOpen, changes_no_mode_of_a_file_that_is_refused) {
  fs::permissions(temporary.path(), fs::perms::all);
  const std::string why = test::without_root([&] {
    temporary.put("precious", "the user's");
    fs::permissions(temporary / "precious", fs::perms{0440});
    fs::create_hard_link(temporary / "precious", temporary / "file.bin");
    EXPECT_NE(refused(OpenMode::resume).detail.find("another name"), std::string::npos);
    EXPECT_EQ(mode_of(temporary / "precious"), 0440U);
  });
  if (!why.empty()) GTEST_SKIP() << why;
}

TEST_F(OffsetPartialFileOpen, to_keep_gives_a_part_the_mode_that_it_was_to_have) {
  temporary.put("file.bin.part", "of a job that was killed");
  fs::permissions(temporary / "file.bin.part", fs::perms{0600});
  auto part = OffsetPartialFile::open(directory, "file.bin", OpenMode::resume, "", 0400);
  ASSERT_TRUE(part);
  EXPECT_EQ(mode_of(temporary / "file.bin.part"), 0600U);
  ASSERT_FALSE(part->publish({5}, false, true));
  EXPECT_EQ(mode_of(temporary / "file.bin"), 0400U);
}

TEST_F(OffsetPartialFileOpen, without_permission_says_so) {
  fs::permissions(temporary.path(), fs::perms{0755});
  temporary.put("file.bin", "finished");
  fs::permissions(temporary / "file.bin", fs::perms{0444});
  const std::string why = test::without_root([&] {
    for (const OpenMode open_mode : {OpenMode::create, OpenMode::resume, OpenMode::attach}) {
      const Failure failure = refused(open_mode);
      EXPECT_EQ(failure.code, Errc::dest_unusable);
      EXPECT_EQ(failure.system_errno, EACCES);
      EXPECT_FALSE(failure.hint.empty());
    }
  });
  if (!why.empty()) GTEST_SKIP() << "no other user to be: " << why;
}

}  // namespace
}  // namespace mpiferry::disk
