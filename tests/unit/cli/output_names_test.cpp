// Which names a report or a profile may have.
#include "cli/output_names.hpp"

#include <filesystem>
#include <string>
#include <unistd.h>

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

  fs::path folder_;
};

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
