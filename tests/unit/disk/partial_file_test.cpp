#include "engine/disk/partial_file.hpp"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/disk/directory.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/bytes.hpp"
#include "tests/unit/disk/file_size_limit.hpp"
#include "tests/unit/disk/isolation.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk {
namespace {

using test::FileSizeLimit;
using test::TemporaryDirectory;

Directory open(const TemporaryDirectory& directory) {
  return *Directory::open_or_create(files, directory.path());
}

TEST(PartialFile, is_invisible_under_its_final_name_until_published) {
  const TemporaryDirectory temporary;
  const Directory directory = open(temporary);
  OpenedPartialFile part = directory.open_partial("chunk_7.bin", 0x1f);
  ASSERT_FALSE(part.error);
  ASSERT_FALSE(part.file.append(bytes("seven")));
  EXPECT_EQ(temporary.names(), std::vector<std::string>{".chunk_7.bin.000000000000001f.part"});
}

TEST(PartialFile, has_its_final_name_and_all_its_bytes_once_published) {
  const TemporaryDirectory temporary;
  const Directory directory = open(temporary);
  for (const bool durable : {false, true}) {
    OpenedPartialFile part = directory.open_partial("chunk_7.bin", 0x1f);
    ASSERT_FALSE(part.file.append(bytes("sev")));
    ASSERT_FALSE(part.file.append(bytes("")));
    ASSERT_FALSE(part.file.append(bytes("en")));
    ASSERT_FALSE(part.file.publish(durable));
    EXPECT_FALSE(part.file);
    EXPECT_EQ(temporary.names(), std::vector<std::string>{"chunk_7.bin"});
    EXPECT_EQ(temporary.get("chunk_7.bin"), "seven");
  }
}

// It also writes to the working directory, because the temporary one may be on a file system
// without O_DIRECT.
TEST(PartialFile, has_the_same_bytes_when_they_go_past_the_page_cache) {
  std::vector<std::byte> buffer(kPageSize * 5);
  const std::size_t aligned =
      (kPageSize - reinterpret_cast<std::uintptr_t>(buffer.data()) % kPageSize) % kPageSize;
  for (std::size_t i = 0; i < buffer.size(); ++i)
    buffer[i] = static_cast<std::byte>(i * 7 + i / 253);
  const auto pages = std::span{buffer}.subspan(aligned);
  for (const std::string& place :
       {std::filesystem::temp_directory_path().string(), std::string{"."}}) {
    const Directory directory = *Directory::open_or_create(files, place + "/part_file_test.direct");
    const auto expect = [&](std::vector<std::span<const std::byte>> pieces) {
      OpenedPartialFile part = directory.open_partial("chunk_7.bin", 0x1f, {.direct = true});
      ASSERT_FALSE(part.error);
      std::string all;
      for (const auto piece : pieces) {
        ASSERT_FALSE(part.file.append(piece));
        all.append(reinterpret_cast<const char*>(piece.data()), piece.size());
      }
      part.file.start_sync();
      ASSERT_FALSE(part.file.sync());
      ASSERT_FALSE(part.file.publish(false));
      std::ifstream file{directory.path() + "/chunk_7.bin", std::ios::binary};
      EXPECT_EQ(std::string(std::istreambuf_iterator<char>{file}, {}), all);
    };
    expect({});
    expect({pages.first(2 * kPageSize)});
    expect({pages.first(2 * kPageSize + 17)});                      // a tail that is no page
    expect({pages.subspan(1, 2 * kPageSize)});                      // not aligned in memory
    expect({pages.first(100), pages.subspan(100, 3 * kPageSize)});  // nor in the file
    expect({pages.first(kPageSize), pages.subspan(kPageSize, 2 * kPageSize), pages.first(3)});
    std::filesystem::remove_all(directory.path());
  }
}

// It is opened twice to be written, and the owner may only read it in the end.
TEST(PartialFile, of_a_read_only_source_goes_past_the_page_cache_and_has_its_mode) {
  const TemporaryDirectory temporary;
  std::filesystem::permissions(temporary.path(), std::filesystem::perms::all);
  const std::string why = test::without_root([&] {
    const Directory directory = open(temporary);
    const mode_t umask = ::umask(027);
    OpenedPartialFile part =
        directory.open_partial("chunk_7.bin", 1, {.direct = true, .mode = 0444});
    ::umask(umask);
    ASSERT_FALSE(part.error);
    EXPECT_FALSE(part.file.append(bytes("seven")));
    EXPECT_FALSE(part.file.publish(true));
    struct stat status {};
    ASSERT_EQ(::stat((temporary / "chunk_7.bin").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0440U);
    EXPECT_EQ(temporary.get("chunk_7.bin"), "seven");
  });
  if (!why.empty()) GTEST_SKIP() << "not without the rights of root: " << why;
}

TEST(PartialFile, is_removed_when_it_is_destroyed_before_it_is_published) {
  const TemporaryDirectory temporary;
  const Directory directory = open(temporary);
  temporary.put("chunk_7.bin", "old");
  {
    OpenedPartialFile part = directory.open_partial("chunk_7.bin", 0x1f);
    ASSERT_FALSE(part.file.append(bytes("new")));
    EXPECT_EQ(temporary.names().size(), 2U);
  }
  EXPECT_EQ(temporary.names(), std::vector<std::string>{"chunk_7.bin"});
  EXPECT_EQ(temporary.get("chunk_7.bin"), "old");
}

TEST(PartialFile, stays_when_it_is_destroyed_after_it_was_published) {
  const TemporaryDirectory temporary;
  const Directory directory = open(temporary);
  {
    OpenedPartialFile part = directory.open_partial("chunk_7.bin", 1);
    ASSERT_FALSE(part.file.publish(false));
  }
  EXPECT_TRUE(temporary.has("chunk_7.bin"));
}

TEST(PartialFile, moves_with_its_file) {
  const TemporaryDirectory temporary;
  const Directory directory = open(temporary);
  OpenedPartialFile part = directory.open_partial("chunk_7.bin", 1);
  {
    PartialFile moved = std::move(part.file);
    EXPECT_TRUE(moved);
    ASSERT_FALSE(moved.append(bytes("seven")));
    ASSERT_FALSE(moved.publish(false));
  }
  EXPECT_FALSE(part.file);
  EXPECT_EQ(part.file.publish(false).call, Call::append);
  EXPECT_EQ(temporary.get("chunk_7.bin"), "seven");
}

TEST(PartialFile, replaces_an_older_file_of_its_final_name) {
  const TemporaryDirectory temporary;
  const Directory directory = open(temporary);
  temporary.put("chunk_7.bin", "older and longer");
  OpenedPartialFile part = directory.open_partial("chunk_7.bin", 1);
  ASSERT_FALSE(part.file.append(bytes("new")));
  ASSERT_FALSE(part.file.publish(false));
  EXPECT_EQ(temporary.get("chunk_7.bin"), "new");
}

TEST(PartialFile, replaces_a_planted_link_and_leaves_its_target_alone) {
  const TemporaryDirectory temporary;
  const Directory directory = open(temporary);
  temporary.put("precious", "untouched");
  std::filesystem::create_symlink(temporary / "precious", temporary / "chunk_7.bin");
  OpenedPartialFile part = directory.open_partial("chunk_7.bin", 1);
  ASSERT_FALSE(part.file.append(bytes("new")));
  ASSERT_FALSE(part.file.publish(false));
  EXPECT_EQ(temporary.get("precious"), "untouched");
  EXPECT_TRUE(
      std::filesystem::is_regular_file(std::filesystem::symlink_status(temporary / "chunk_7.bin")));
  EXPECT_EQ(temporary.get("chunk_7.bin"), "new");
}

TEST(PartialFile, does_not_follow_a_link_planted_under_its_unfinished_name) {
  const TemporaryDirectory temporary;
  const Directory directory = open(temporary);
  temporary.put("precious", "untouched");
  std::filesystem::create_symlink(temporary / "precious",
                                  temporary / ".chunk_7.bin.0000000000000001.part");
  OpenedPartialFile part = directory.open_partial("chunk_7.bin", 1);
  ASSERT_FALSE(part.error);
  ASSERT_FALSE(part.file.append(bytes("new")));
  ASSERT_FALSE(part.file.publish(false));
  EXPECT_EQ(temporary.get("precious"), "untouched");
  EXPECT_EQ(temporary.get("chunk_7.bin"), "new");
}

TEST(PartialFile, that_cannot_be_renamed_says_so_and_is_removed) {
  const TemporaryDirectory temporary;
  const Directory directory = open(temporary);
  std::filesystem::create_directory(temporary / "chunk_7.bin");
  {
    OpenedPartialFile part = directory.open_partial("chunk_7.bin", 1);
    const WriteError error = part.file.publish(false);
    EXPECT_EQ(error.call, Call::rename);
    EXPECT_EQ(error.system_errno, EISDIR);
  }
  EXPECT_EQ(temporary.names(), std::vector<std::string>{"chunk_7.bin"});
}

TEST(PartialFile, above_the_file_size_limit_says_EFBIG_and_is_removed) {
  const TemporaryDirectory temporary;
  const Directory directory = open(temporary);
  {
    const FileSizeLimit limit{4096};
    OpenedPartialFile part = directory.open_partial("chunk_7.bin", 1);
    ASSERT_FALSE(part.file.append(bytes(std::string(4000, 'x'))));
    // The first 96 bytes still fit: a short write, then the error.
    const WriteError error = part.file.append(bytes(std::string(4000, 'y')));
    EXPECT_EQ(error.call, Call::append);
    EXPECT_EQ(error.system_errno, EFBIG);
  }
  EXPECT_TRUE(temporary.names().empty());
}

TEST(PartialFile, on_a_full_disk_says_ENOSPC_and_gives_the_space_back) {
  const TemporaryDirectory temporary;
  const std::string why = test::with_private_tmpfs(temporary.path(), "size=64k", false, [&] {
    const Directory directory = open(temporary);
    {
      OpenedPartialFile part = directory.open_partial("chunk_7.bin", 1);
      ASSERT_FALSE(part.error);
      const WriteError error = part.file.append(bytes(std::string(100'000, 'x')));
      EXPECT_EQ(error.call, Call::append);
      EXPECT_EQ(error.system_errno, ENOSPC);
    }
    EXPECT_TRUE(temporary.names().empty());
    OpenedPartialFile smaller = directory.open_partial("chunk_8.bin", 1);
    EXPECT_FALSE(smaller.file.append(bytes(std::string(40'000, 'x'))));
    EXPECT_FALSE(smaller.file.publish(true));
    EXPECT_EQ(temporary.names(), std::vector<std::string>{"chunk_8.bin"});
  });
  if (!why.empty()) GTEST_SKIP() << "no mount of our own: " << why;
}

TEST(PartialFile, that_cannot_be_made_for_want_of_inodes_says_so) {
  const TemporaryDirectory temporary;
  const std::string why = test::with_private_tmpfs(temporary.path(), "nr_inodes=2", false, [&] {
    const Directory directory = open(temporary);
    const OpenedPartialFile first = directory.open_partial("chunk_1.bin", 1);
    EXPECT_FALSE(first.error);
    const OpenedPartialFile second = directory.open_partial("chunk_2.bin", 1);
    EXPECT_EQ(second.error.call, Call::open);
    EXPECT_EQ(second.error.system_errno, ENOSPC);
    EXPECT_FALSE(second.file);
  });
  if (!why.empty()) GTEST_SKIP() << "no mount of our own: " << why;
}

}  // namespace
}  // namespace mpiferry::disk
