// tune puts files and directories on the user's disks and removes them.
#include "cli/tune/sample_file.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "cli/tune/borrowed_directory.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::cli {
namespace {

namespace fs = std::filesystem;

bool never() { return false; }

class Sample : public ::testing::Test {
 protected:
  disk::test::TemporaryDirectory temporary;
  fs::path here = temporary.path();
};

TEST_F(Sample, has_the_size_and_goes_again) {
  {
    const auto sample = SampleFile::make(files, here, {5'000'001}, never);
    ASSERT_TRUE(sample);
    EXPECT_EQ(fs::file_size(sample->path()), 5'000'001U);
    EXPECT_EQ(fs::path{sample->path()}.parent_path(), here);
  }
  EXPECT_TRUE(fs::is_empty(here));
}

TEST_F(Sample, is_of_bytes_that_do_not_repeat) {
  const auto sample = SampleFile::make(files, here, 1_MiB, never);
  ASSERT_TRUE(sample);
  std::ifstream file{sample->path(), std::ios::binary};
  const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
  ASSERT_EQ(bytes.size(), std::size_t{1} << 20U);
  EXPECT_EQ(bytes.find(bytes.substr(0, 8), 1), std::string::npos);
}

TEST_F(Sample, that_is_stopped_goes_too) {
  int asked = 0;
  {
    const auto sample = SampleFile::make(files, here, 1_GiB, [&asked] { return ++asked > 2; });
    ASSERT_TRUE(sample);
    EXPECT_LT(fs::file_size(sample->path()), 100U << 20U);
  }
  EXPECT_TRUE(fs::is_empty(here));
}

TEST_F(Sample, says_where_it_cannot_be_made) {
  const auto missing = SampleFile::make(files, here / "missing", 1_MiB, never);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::source_not_found);
  EXPECT_EQ(missing.error().path, here / "missing");
  EXPECT_EQ(missing.error().system_errno, ENOENT);
  std::ofstream{here / "file"} << "x";
  const auto file = SampleFile::make(files, here / "file", 1_MiB, never);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().system_errno, ENOTDIR);
}

TEST_F(Sample, that_does_not_fit_is_refused_before_it_fills_the_disk) {
  const Bytes huge{std::uint64_t{1} << 62U};
  const auto sample = SampleFile::make(files, here, huge, never);
  ASSERT_FALSE(sample);
  EXPECT_EQ(sample.error().system_errno, ENOSPC);
  EXPECT_NE(sample.error().detail.find("4611686018427387904 bytes"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(here));
}

TEST_F(Sample, directory_goes_with_all_in_it_and_the_parents_that_were_missing) {
  const fs::path path = here / "a/b//c";
  {
    const BorrowedDirectory borrowed{path};
    EXPECT_TRUE(fs::is_empty(here));
    fs::create_directories(path / "deep");
    std::ofstream{path / "deep/file"} << "x";
  }
  EXPECT_TRUE(fs::is_empty(here));
}

TEST_F(Sample, directory_spares_what_others_have) {
  fs::create_directory(here / "a");
  BorrowedDirectory borrowed{here / "a/b/c"};
  fs::create_directories(here / "a/b/c");
  std::ofstream{here / "a/b/theirs"} << "x";
  EXPECT_TRUE(borrowed.give_back());
  EXPECT_TRUE(fs::exists(here / "a/b/theirs"));
  EXPECT_FALSE(fs::exists(here / "a/b/c"));
  EXPECT_TRUE(borrowed.give_back());
}

TEST_F(Sample, directory_that_was_never_made_is_no_failure) {
  BorrowedDirectory borrowed{here / "a/b"};
  EXPECT_TRUE(borrowed.give_back());
  EXPECT_TRUE(fs::is_empty(here));
}

}  // namespace
}  // namespace mpiferry::cli
