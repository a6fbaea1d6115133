// What a report and a profile may be written to, and what they leave there.
#include "cli/report_file.hpp"

#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "cli/report_json.hpp"
#include "cli/text_of.hpp"
#include "cli/tune_report.hpp"

namespace mpiferry::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kText = R"({"schema": "mpiferry.report/1"})";

class ReportFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "report_file_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ / "out";
  }
  void TearDown() override { fs::remove_all(folder_); }

  // How many names are in the folder.
  std::ptrdiff_t entries() const { return std::distance(fs::directory_iterator{folder_}, {}); }

  fs::path folder_;
  fs::path path_;
};

void expect_failure(const Outcome& outcome, Errc code, const std::string& words) {
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, code) << outcome.error().message();
  EXPECT_NE(outcome.error().message().find(words), std::string::npos) << outcome.error().message();
  EXPECT_NE(outcome.error().hint, "");
}

TEST_F(ReportFileTest, block_device_is_refused_before_it_is_opened) {
  if (::mknod(path_.c_str(), S_IFBLK | 0600, makedev(7, 250)) != 0) {
    GTEST_SKIP() << "no right to make a device";
  }
  const fs::path link = folder_ / "link";
  fs::create_symlink(path_, link);
  for (const FileKind& kind : {kReportFile, kTuneFile, kProfileFile}) {
    for (const fs::path& name : {path_, link}) {
      ReportFile file{kind, name};
      expect_failure(file.prepare(), Errc::invalid_argument, "block device");
    }
  }
  EXPECT_EQ(entries(), 2);
}

TEST_F(ReportFileTest, profile_is_refused_by_what_is_no_regular_file) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  for (const fs::path& name : {path_, fs::path{"/dev/null"}}) {
    ReportFile file{kProfileFile, name};
    expect_failure(file.prepare(), Errc::invalid_argument, "regular file");
  }
}

TEST_F(ReportFileTest, report_may_go_to_a_character_device) {
  ReportFile file{kReportFile, "/dev/null"};
  EXPECT_TRUE(file.prepare());
  EXPECT_TRUE(file.publish(kText));
}

}  // namespace
}  // namespace mpiferry::cli
