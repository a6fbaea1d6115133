// Which names a report or a profile may have.
#include "cli/options/output_names.hpp"

#include <filesystem>
#include <string>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

namespace mpiferry::cli {
namespace {

namespace fs = std::filesystem;

class OutputNames : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "output_names_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  // What is said of a report `name`; "" if nothing is.
  static std::string said(const fs::path& name, const fs::path& directory) {
    try {
      check_output_name("--json", name, directory);
    } catch (const CLI::ParseError& error) {
      return error.what();
    }
    return "";
  }

  fs::path folder_;
};

TEST_F(OutputNames, job_files_are_refused_in_the_directory_of_the_job) {
  const fs::path there = folder_ / "out";
  for (const bool exists : {false, true}) {
    if (exists) fs::create_directory(there);
    for (const char* name :
         {"chunk_3.bin", "stripe_1.bin", "stripe_1.bin.part", "file.bin", "file.bin.part",
          "XXH3SUMS", "XXH3SUMS.2", "Chunk_3.BIN", "xxh3sums"}) {
      EXPECT_NE(said(there / name, there), "") << name;
      EXPECT_NE(said(there / name, folder_ / "." / "out/"), "") << name;
      EXPECT_EQ(said(folder_ / name, there), "") << name;
      EXPECT_NE(said(there / name, folder_ / "{host}"), "") << name;
      EXPECT_NE(said(folder_ / "1" / name, folder_ / "{rank}/sub"), "") << name;
      EXPECT_EQ(said(folder_ / name, folder_ / "sub/{rank}"), "") << name;
    }
    EXPECT_EQ(said(there / "report.json", there), "");
    EXPECT_EQ(said("-", there), "");
    EXPECT_EQ(said("", there), "");
  }
}

TEST_F(OutputNames, job_files_are_refused_behind_links) {
  fs::create_directory(folder_ / "out");
  fs::create_directory_symlink(folder_ / "out", folder_ / "link");
  EXPECT_NE(said(folder_ / "link/chunk_3.bin", folder_ / "out"), "");
  EXPECT_NE(said(folder_ / "out/chunk_3.bin", folder_ / "link"), "");
}

TEST_F(OutputNames, job_lock_and_manifest_are_refused_everywhere) {
  for (const char* name : {".mpiferry.job", "manifest.json", "Manifest.JSON"}) {
    EXPECT_NE(said(folder_ / name, ""), "") << name;
    EXPECT_NE(said(folder_ / name, "{rank}"), "") << name;
  }
}

TEST_F(OutputNames, directory_of_the_job_and_those_above_are_refused) {
  const fs::path there = folder_ / "a/b";
  EXPECT_NE(said(there, there), "");
  EXPECT_NE(said(folder_ / "a", there), "");
  EXPECT_NE(said(folder_ / "a", folder_ / "a/"), "");
  EXPECT_EQ(said(folder_ / "a/b.json", there), "");
  EXPECT_EQ(said(folder_ / "a/b/c", there), "");
}

TEST_F(OutputNames, same_file_is_known_under_every_name) {
  const fs::path file = folder_ / "file";
  EXPECT_TRUE(same_file(file, folder_ / "." / "file"));
  EXPECT_FALSE(same_file(file, folder_ / "other"));
  EXPECT_FALSE(same_file(file, ""));
  fs::create_symlink(file, folder_ / "link");
  EXPECT_FALSE(same_file(folder_ / "other", folder_ / "link"));
}

}  // namespace
}  // namespace mpiferry::cli
