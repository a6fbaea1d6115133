#include "engine/disk/offset_partial_file.hpp"

#include <cerrno>
#include <filesystem>
#include <span>
#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/bytes.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class OffsetPartialFileTest : public testing::Test {
 protected:
  OffsetPartialFile open(OpenMode open_mode = OpenMode::create) const {
    Result<OffsetPartialFile> part = OffsetPartialFile::open(directory, "file.bin", open_mode);
    EXPECT_TRUE(part) << part.error().message();
    return std::move(*part);
  }
  test::TemporaryDirectory temporary;
  Directory directory = *Directory::open_or_create(files, temporary.path());
};

TEST_F(OffsetPartialFileTest, is_written_in_any_order_and_named_when_it_is_whole) {
  for (const bool durable : {false, true}) {
    OffsetPartialFile part = open();
    ASSERT_FALSE(part.write(Bytes{5}, bytes(" world")));
    ASSERT_FALSE(part.write(Bytes{0}, bytes("hello")));
    ASSERT_FALSE(part.write(Bytes{3}, bytes("")));
    part.start_sync(Bytes{0}, Bytes{5});
    ASSERT_FALSE(part.sync());
    EXPECT_EQ(temporary.has("file.bin"), durable) << "not before it is published";
    ASSERT_FALSE(part.publish(Bytes{11}, durable, true));
    EXPECT_FALSE(part);
    EXPECT_TRUE(part.is_published());
    EXPECT_EQ(temporary.names(), Names{"file.bin"});
    EXPECT_EQ(temporary.get("file.bin"), "hello world");
  }
}

TEST_F(OffsetPartialFileTest, is_read_where_it_was_written_and_to_its_end) {
  const OffsetPartialFile part = open();
  ASSERT_FALSE(part.write(Bytes{4}, bytes("data")));
  std::string text(8, 'x');
  const auto all = part.read({}, std::as_writable_bytes(std::span{text}));
  ASSERT_TRUE(all);
  EXPECT_EQ(*all, 8U);
  EXPECT_EQ(text, (std::string{"\0\0\0\0data", 8}));
  EXPECT_EQ(*part.read(Bytes{6}, std::as_writable_bytes(std::span{text})), 2U);
  EXPECT_EQ(text.substr(0, 2), "ta");
  EXPECT_EQ(*part.read(Bytes{100}, std::as_writable_bytes(std::span{text})), 0U);
}

TEST_F(OffsetPartialFileTest, has_no_stale_tail) {
  temporary.put("file.bin.part", "an older and longer one");
  OffsetPartialFile part = open(OpenMode::resume);
  ASSERT_FALSE(part.publish(Bytes{8}, false, true));
  EXPECT_EQ(temporary.get("file.bin"), "an older");
}

TEST_F(OffsetPartialFileTest, may_be_empty) {
  OffsetPartialFile part = open();
  EXPECT_TRUE(part.preallocate({}));
  ASSERT_FALSE(part.publish({}, true, false));
  EXPECT_EQ(fs::file_size(temporary / "file.bin"), 0U);
}

TEST_F(OffsetPartialFileTest, stays_for_the_next_job_when_it_is_destroyed) {
  ASSERT_FALSE(open().write({}, bytes("half")));
  EXPECT_EQ(temporary.get("file.bin.part"), "half");
}

TEST_F(OffsetPartialFileTest, that_is_discarded_is_removed_and_a_published_one_is_not) {
  OffsetPartialFile part = open();
  part.discard();
  EXPECT_FALSE(part);
  EXPECT_TRUE(temporary.names().empty());
  OffsetPartialFile second = open();
  ASSERT_FALSE(second.publish({}, false, true));
  second.discard();
  OffsetPartialFile third = open(OpenMode::resume);
  third.discard();
  EXPECT_EQ(temporary.names(), Names{"file.bin"});
}

TEST_F(OffsetPartialFileTest, does_not_discard_or_publish_what_has_taken_its_name) {
  OffsetPartialFile part = open();
  fs::remove(temporary / "file.bin.part");
  temporary.put("file.bin.part", "somebody else's");
  const WriteError error = part.publish({}, false, true);
  EXPECT_EQ(error.call, Call::rename);
  EXPECT_EQ(error.system_errno, ENOENT);
  part.discard();
  EXPECT_EQ(temporary.names(), Names{"file.bin.part"});
}

TEST_F(OffsetPartialFileTest, replaces_a_file_of_its_name_only_if_it_may) {
  temporary.put("file.bin", "theirs");
  OffsetPartialFile part = open();
  ASSERT_FALSE(part.write({}, bytes("ours")));
  const WriteError error = part.publish(Bytes{4}, false, false);
  EXPECT_EQ(error.call, Call::rename);
  EXPECT_EQ(error.system_errno, EEXIST);
  EXPECT_EQ(temporary.get("file.bin"), "theirs");
  EXPECT_EQ(temporary.get("file.bin.part"), "ours");
  ASSERT_FALSE(part.publish(Bytes{4}, false, true));
  EXPECT_EQ(temporary.get("file.bin"), "ours");
  EXPECT_EQ(temporary.names(), Names{"file.bin"});
}

TEST_F(OffsetPartialFileTest, replaces_a_planted_link_and_leaves_its_target_alone) {
  temporary.put("precious", "untouched");
  fs::create_symlink(temporary / "precious", temporary / "file.bin");
  OffsetPartialFile part = open();
  ASSERT_FALSE(part.write({}, bytes("ours")));
  ASSERT_FALSE(part.publish(Bytes{4}, false, true));
  EXPECT_EQ(temporary.get("precious"), "untouched");
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(temporary / "file.bin")));
}

TEST_F(OffsetPartialFileTest, that_cannot_be_named_says_so_and_can_be_discarded) {
  fs::create_directory(temporary / "file.bin");
  OffsetPartialFile part = open();
  const WriteError error = part.publish({}, false, true);
  EXPECT_EQ(error.call, Call::rename);
  EXPECT_EQ(error.system_errno, EISDIR);
  EXPECT_FALSE(part.is_published());
  part.discard();
  EXPECT_EQ(temporary.names(), Names{"file.bin"});
}

TEST_F(OffsetPartialFileTest, that_was_published_and_is_right_stays_as_it_is) {
  temporary.put("file.bin", "finished");
  struct stat before {};
  ASSERT_EQ(::stat((temporary / "file.bin").c_str(), &before), 0);
  OffsetPartialFile part = open(OpenMode::resume);
  ASSERT_FALSE(part.publish(Bytes{8}, true, false));
  struct stat after {};
  ASSERT_EQ(::stat((temporary / "file.bin").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
  EXPECT_EQ(temporary.names(), Names{"file.bin"});
}

TEST_F(OffsetPartialFileTest, that_was_published_is_not_taken_for_what_has_its_name_now) {
  for (const bool removed_only : {true, false}) {
    temporary.put("file.bin", "finished");
    OffsetPartialFile part = open(OpenMode::resume);
    fs::remove(temporary / "file.bin");
    if (!removed_only) temporary.put("file.bin", "somebody");
    const WriteError error = part.publish(Bytes{8}, false, true);
    EXPECT_EQ(error.call, Call::rename);
    EXPECT_EQ(error.system_errno, ENOENT);
    part.discard();
    EXPECT_EQ(temporary.names(), removed_only ? Names{} : Names{"file.bin"});
  }
}

TEST_F(OffsetPartialFileTest,
       that_was_published_with_another_size_is_cut_under_its_unfinished_name) {
  temporary.put("file.bin", "finished");
  OffsetPartialFile part = open(OpenMode::resume);
  ASSERT_FALSE(part.publish(Bytes{3}, false, false));
  EXPECT_EQ(temporary.names(), Names{"file.bin"});
  EXPECT_EQ(temporary.get("file.bin"), "fin");
}

TEST_F(OffsetPartialFileTest, that_was_published_is_taken_back_before_it_is_written) {
  temporary.put("file.bin", "finished");
  OffsetPartialFile part = open(OpenMode::resume);
  OffsetPartialFile other_rank = open(OpenMode::attach);
  ASSERT_TRUE(part.unpublish());
  EXPECT_EQ(temporary.names(), Names{"file.bin.part"});
  EXPECT_EQ(part.path(), temporary / "file.bin.part");
  EXPECT_TRUE(part.unpublish());
  EXPECT_TRUE(other_rank.unpublish()) << "it was taken back already";
  ASSERT_FALSE(part.write({}, bytes("F")));
  ASSERT_FALSE(other_rank.write(Bytes{1}, bytes("I")));
  ASSERT_FALSE(part.publish(Bytes{8}, false, false));
  EXPECT_EQ(temporary.get("file.bin"), "FInished");
}

TEST_F(OffsetPartialFileTest, is_not_taken_back_over_the_part_of_another_job) {
  temporary.put("file.bin", "finished");
  OffsetPartialFile part = open(OpenMode::resume);
  const OffsetPartialFile other_job = open(OpenMode::create);
  ASSERT_FALSE(other_job.write({}, bytes("theirs")));
  const Outcome back = part.unpublish();
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, Errc::dest_occupied);
  EXPECT_EQ(temporary.get("file.bin.part"), "theirs");
  EXPECT_EQ(temporary.get("file.bin"), "finished");
}

TEST_F(OffsetPartialFileTest, is_not_taken_back_when_its_name_is_another_files) {
  temporary.put("file.bin", "finished");
  OffsetPartialFile part = open(OpenMode::resume);
  fs::remove(temporary / "file.bin");
  temporary.put("file.bin", "somebody else's");
  const Outcome back = part.unpublish();
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, Errc::dest_unusable);
  EXPECT_EQ(back.error().system_errno, ENOENT);
  EXPECT_EQ(temporary.names(), Names{"file.bin"});
}

TEST_F(OffsetPartialFileTest, moves_with_its_file) {
  OffsetPartialFile part = open();
  {
    OffsetPartialFile moved = std::move(part);
    EXPECT_TRUE(moved);
    ASSERT_FALSE(moved.write({}, bytes("x")));
    ASSERT_FALSE(moved.publish(Bytes{1}, false, false));
  }
  EXPECT_FALSE(part);
  EXPECT_EQ(part.publish({}, false, true).system_errno, EBADF);
  part.discard();
  EXPECT_EQ(temporary.get("file.bin"), "x");
}

}  // namespace
}  // namespace mpiferry::disk
