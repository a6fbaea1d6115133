// Where a command prints what.
#include "cli/output/output.hpp"

#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "engine/posix/descriptor.hpp"

namespace mpiferry::cli {
namespace {

namespace fs = std::filesystem;

// Which of `names` are standard output while that is the file `path`.
std::vector<std::string> named(const fs::path& path, const std::vector<std::string>& names) {
  const posix::Descriptor before{::dup(STDOUT_FILENO)};
  const posix::Descriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  ::dup2(file.get(), STDOUT_FILENO);
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (is_standard_output(name)) out.push_back(name);
  }
  ::dup2(before.get(), STDOUT_FILENO);
  return out;
}

class StandardOutput : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "output_test_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
};

TEST_F(StandardOutput, is_known_under_every_name_whatever_it_is) {
  const std::string fifo = folder_ / "fifo";
  const std::string file = folder_ / "file";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {fifo, file}) {
    fs::remove(folder_ / "link");
    fs::create_symlink(path, folder_ / "link");
    const std::vector<std::string> same{"-", "/dev/stdout", "/dev/fd/1", path, folder_ / "link"};
    std::vector<std::string> names = same;
    names.insert(names.end(), {"", "/dev/null", folder_, folder_ / "missing"});
    EXPECT_EQ(named(path, names), same);
  }
}

// There the summary cannot spoil anything, and who throws it away does not want it elsewhere.
TEST_F(StandardOutput, that_is_thrown_away_is_no_file) {
  EXPECT_EQ(named("/dev/null", {"-", "/dev/null", "/dev/stdout"}), std::vector<std::string>{"-"});
}

}  // namespace
}  // namespace mpiferry::cli
