#include "engine/disk/stored_file.hpp"

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/isolation.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk {
namespace {

namespace fs = std::filesystem;

class StoredFileTest : public testing::Test {
 protected:
  Failure refused(const std::string& name) const {
    const Result<StoredFile> file = StoredFile::open(directory, name);
    EXPECT_FALSE(file) << name;
    if (file) return {};
    EXPECT_EQ(file.error().code, Errc::dest_unusable);
    EXPECT_EQ(file.error().path, temporary / name);
    EXPECT_EQ(file.error().call, "open");
    return file.error();
  }
  test::TemporaryDirectory temporary;
  Directory directory = *Directory::open_existing(files, temporary.path());
};

TEST_F(StoredFileTest, is_read_at_any_offset_and_to_its_end) {
  temporary.put("chunk_7.bin", "0123456789");
  const Result<StoredFile> file = StoredFile::open(directory, "chunk_7.bin");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->size(), Bytes{10});
  EXPECT_EQ(file->path(), temporary / "chunk_7.bin");
  std::string text(4, '.');
  const auto out = std::as_writable_bytes(std::span{text});
  EXPECT_EQ(*file->read(Bytes{3}, out), 4U);
  EXPECT_EQ(text, "3456");
  EXPECT_EQ(*file->read(Bytes{8}, out), 2U);
  EXPECT_EQ(text, "8956");
  EXPECT_EQ(*file->read(Bytes{10}, out), 0U);
  EXPECT_EQ(*file->read(Bytes{3}, {}), 0U);
}

TEST_F(StoredFileTest, outlives_its_directory_and_moves) {
  temporary.put("chunk_7.bin", "x");
  Result<StoredFile> file =
      StoredFile::open(*Directory::open_existing(files, temporary.path()), "chunk_7.bin");
  ASSERT_TRUE(file);
  const StoredFile moved = std::move(*file);
  std::byte byte{};
  EXPECT_EQ(*moved.read({}, {&byte, 1}), 1U);
  EXPECT_EQ(byte, std::byte{'x'});
}

TEST_F(StoredFileTest, that_became_shorter_is_read_to_its_new_end) {
  temporary.put("chunk_7.bin", "0123456789");
  const Result<StoredFile> file = StoredFile::open(directory, "chunk_7.bin");
  ASSERT_TRUE(file);
  fs::resize_file(temporary / "chunk_7.bin", 4);
  std::string text(10, '.');
  EXPECT_EQ(*file->read({}, std::as_writable_bytes(std::span{text})), 4U);
  EXPECT_EQ(text, "0123......");
}

TEST_F(StoredFileTest, that_cannot_be_read_says_where) {
  temporary.put("chunk_7.bin", "x");
  const Result<StoredFile> file = StoredFile::open(directory, "chunk_7.bin");
  ASSERT_TRUE(file);
  std::byte byte{};
  const auto read = file->read(Bytes{~std::uint64_t{0}}, {&byte, 1});  // no offset of pread
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().path, temporary / "chunk_7.bin");
  EXPECT_EQ(read.error().call, "pread");
  EXPECT_EQ(read.error().system_errno, EINVAL);
}

TEST_F(StoredFileTest, that_is_missing_says_so) {
  const Failure failure = refused("chunk_7.bin");
  EXPECT_EQ(failure.system_errno, ENOENT);
  EXPECT_FALSE(failure.hint.empty());
}

TEST_F(StoredFileTest, that_is_a_link_is_not_followed) {
  temporary.put("secret", "x");
  fs::create_symlink(temporary / "secret", temporary / "chunk_7.bin");
  const Failure failure = refused("chunk_7.bin");
  EXPECT_EQ(failure.system_errno, ELOOP);
  EXPECT_NE(failure.detail.find("symbolic link"), std::string::npos);
}

TEST_F(StoredFileTest, that_is_no_regular_file_is_refused_without_waiting) {
  fs::create_directory(temporary / "chunk_1.bin");
  EXPECT_EQ(refused("chunk_1.bin").system_errno, EISDIR);
  ASSERT_EQ(::mkfifo((temporary / "chunk_2.bin").c_str(), 0600), 0);
  EXPECT_EQ(refused("chunk_2.bin").detail, "not a regular file");
}

TEST_F(StoredFileTest, is_never_outside_of_its_directory) {
  fs::create_directory(temporary / "sub");
  temporary.put("sub/chunk_7.bin", "x");
  EXPECT_EQ(refused("sub/chunk_7.bin").system_errno, EINVAL);
  EXPECT_EQ(refused("../chunk_7.bin").system_errno, EINVAL);
  EXPECT_EQ(refused("").system_errno, EINVAL);
  EXPECT_EQ(refused("..").system_errno, EISDIR);
  EXPECT_EQ(refused(std::string(300, 'x')).system_errno, ENAMETOOLONG);
}

TEST_F(StoredFileTest, without_permission_says_so) {
  fs::permissions(temporary.path(), fs::perms{0755});
  temporary.put("chunk_7.bin", "x");
  fs::permissions(temporary / "chunk_7.bin", fs::perms{0});
  const std::string why = test::without_root([&] {
    const Failure failure = refused("chunk_7.bin");
    EXPECT_EQ(failure.system_errno, EACCES);
    EXPECT_EQ(failure.hint, "check who may read there");
  });
  if (!why.empty()) GTEST_SKIP() << "no other user to be: " << why;
}

TEST(ExistingDirectory, is_opened_and_none_is_made) {
  const test::TemporaryDirectory temporary;
  fs::create_directory_symlink(temporary.path(), temporary / "link");
  EXPECT_EQ(Directory::open_existing(files, temporary / "link")->id(),
            Directory::open_existing(files, temporary.path())->id());
  temporary.put("file", "x");
  for (const std::string name : {"missing", "missing/sub", "file", "file/sub"}) {
    const Result<Directory> none = Directory::open_existing(files, temporary / name);
    ASSERT_FALSE(none) << name;
    EXPECT_EQ(none.error().code, Errc::dest_unusable);
    EXPECT_EQ(none.error().path, temporary / name);
    EXPECT_EQ(none.error().call, "open");
    EXPECT_EQ(none.error().system_errno, name.starts_with("file") ? ENOTDIR : ENOENT);
    EXPECT_FALSE(none.error().hint.empty());
  }
  EXPECT_FALSE(Directory::open_existing(files, ""));
  EXPECT_EQ(temporary.names(), (std::vector<std::string>{"file", "link"}));
}

}  // namespace
}  // namespace mpiferry::disk
