// What a report and a profile may be written to, and what they leave there.
#include "cli/output/report_file.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "cli/output/report_json.hpp"
#include "cli/tune/tune_json.hpp"
#include "engine/disk/file_name.hpp"
#include "engine/posix/descriptor.hpp"

namespace mpiferry::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kText = R"({"schema": "mpiferry.report/2"})";

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

// A reader that sees the end of file leaves, and then nobody would read the report.
TEST_F(ReportFileTest, fifo_stays_open_for_its_reader_from_the_check_to_the_report) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const posix::Descriptor reader{::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  ASSERT_TRUE(reader);
  ReportFile file{kReportFile, path_};
  ASSERT_TRUE(file.prepare());
  char byte = 0;
  EXPECT_EQ(::read(reader.get(), &byte, 1), -1) << "end of file";
  EXPECT_EQ(errno, EAGAIN);
  ASSERT_TRUE(file.publish(kText));
  std::string got(100, '\0');
  const ssize_t size = ::read(reader.get(), got.data(), got.size());
  ASSERT_GT(size, 0);
  EXPECT_EQ(got.substr(0, static_cast<std::size_t>(size)), kText);
  EXPECT_EQ(::read(reader.get(), &byte, 1), 0) << "closed after the report";
  EXPECT_EQ(entries(), 1);
}

// Standard error is such a descriptor: what is printed there meanwhile must not fail with EAGAIN.
TEST_F(ReportFileTest, descriptor_of_this_process_blocks_but_while_it_is_written) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const posix::Descriptor reader{ends[0]};
  const posix::Descriptor writer{ends[1]};
  const auto blocks = [&writer] { return (::fcntl(writer.get(), F_GETFL) & O_NONBLOCK) == 0; };
  ReportFile file{kReportFile, "/dev/fd/" + std::to_string(writer.get())};
  ASSERT_TRUE(file.prepare());
  EXPECT_TRUE(blocks());
  ASSERT_TRUE(file.publish(kText));
  EXPECT_TRUE(blocks());
  std::string got(100, '\0');
  const ssize_t size = ::read(reader.get(), got.data(), got.size());
  ASSERT_GT(size, 0);
  EXPECT_EQ(got.substr(0, static_cast<std::size_t>(size)), kText);
}

TEST_F(ReportFileTest, fifo_that_nobody_reads_is_an_error_and_no_wait) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  ReportFile early{kReportFile, path_};
  expect_failure(early.prepare(), Errc::report_write_failed, "nobody reads this FIFO");
  EXPECT_TRUE(early.publish(kText)) << "said once";
  ReportFile late{kReportFile, path_};
  expect_failure(late.publish(kText), Errc::report_write_failed, "nobody reads this FIFO");
}

TEST_F(ReportFileTest, every_place_that_is_none_comes_with_its_own_advice) {
  fs::create_symlink(folder_ / "nowhere", folder_ / "dangling");
  fs::create_symlink("circle", folder_ / "circle");
  std::ofstream{folder_ / "file"} << kText;
  struct Case {
    fs::path path;
    const char* words;
    const char* hint;
  };
  for (const Case& it :
       {Case{folder_ / "missing/out", "No such file", "its directory does not exist"},
        Case{folder_ / "file/out", "Not a directory", "a file is in the way"},
        Case{folder_, "Is a directory", "a directory is in the way"},
        Case{folder_ / "dangling", "a symbolic link to nothing", "remove the link"},
        Case{folder_ / "circle", "symbolic links", "a loop"},
        Case{folder_ / std::string(300, 'x'), "too long", "shorter"}}) {
    ReportFile file{kReportFile, it.path};
    const Outcome prepared = file.prepare();
    expect_failure(prepared, Errc::report_write_failed, it.words);
    EXPECT_NE(prepared.error().hint.find(it.hint), std::string::npos) << prepared.error().hint;
  }
  EXPECT_EQ(entries(), 3);
}

TEST_F(ReportFileTest, reader_that_went_away_is_told_with_a_hint) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  posix::Descriptor reader{::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  ReportFile file{kReportFile, path_};
  ASSERT_TRUE(file.prepare());
  reader.close();
  const auto handler = std::signal(SIGPIPE, SIG_IGN);  // as main() does
  const Outcome published = file.publish(kText);
  std::signal(SIGPIPE, handler);
  expect_failure(published, Errc::report_write_failed, "Broken pipe");
  EXPECT_NE(published.error().hint.find("reader"), std::string::npos);
}

TEST_F(ReportFileTest, report_has_the_permissions_of_the_one_before_it) {
  for (const unsigned bits : {0600U, 0640U, 0444U}) {
    std::ofstream{path_} << kText;
    fs::permissions(path_, static_cast<fs::perms>(bits));
    ReportFile file{kReportFile, path_};
    ASSERT_TRUE(file.publish(kText));
    EXPECT_EQ(fs::status(path_).permissions(), static_cast<fs::perms>(bits));
    fs::remove(path_);
  }
}

TEST_F(ReportFileTest, report_of_another_version_is_replaced) {
  std::ofstream{path_} << R"({"schema": "mpiferry.report/1"})";
  ReportFile file{kReportFile, path_};
  ASSERT_TRUE(file.publish(kText));
  std::string kept;
  std::getline(std::ifstream{path_}, kept);
  EXPECT_EQ(kept, kText);
}

// A job once refused its destination because it held such a part, and removed it with --force.
TEST_F(ReportFileTest, part_of_a_hidden_report_is_not_taken_for_a_part_of_the_job) {
  ReportFile file{kReportFile, folder_ / ".report"};
  ASSERT_TRUE(file.prepare());
  ASSERT_EQ(entries(), 1);
  const fs::path part = *fs::directory_iterator{folder_};
  EXPECT_EQ(disk::file_kind(part.filename().native()), disk::FileKind::foreign) << part;
}

TEST_F(ReportFileTest, directory_that_came_meanwhile_is_kept_and_no_part_is_left) {
  ReportFile file{kReportFile, path_};
  ASSERT_TRUE(file.prepare());
  fs::create_directory(path_);
  expect_failure(file.publish(kText), Errc::report_write_failed, "directory");
  EXPECT_TRUE(fs::is_directory(path_));
  EXPECT_EQ(entries(), 1) << "with the file still in use";
}

TEST_F(ReportFileTest, file_that_came_meanwhile_is_kept_and_no_part_is_left) {
  ReportFile file{kReportFile, path_};
  ASSERT_TRUE(file.prepare());
  std::ofstream{path_} << "precious";
  expect_failure(file.publish(kText), Errc::report_write_failed, "not a report");
  std::string kept;
  std::getline(std::ifstream{path_}, kept);
  EXPECT_EQ(kept, "precious");
  EXPECT_EQ(entries(), 1) << "with the file still in use";
}

TEST_F(ReportFileTest, report_that_does_not_fit_leaves_no_part) {
  ReportFile file{kReportFile, path_};
  ASSERT_TRUE(file.prepare());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  const Outcome published = file.publish(kText);
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  expect_failure(published, Errc::report_write_failed, "too large");
  EXPECT_EQ(entries(), 0) << "with the file still in use";
}

TEST_F(ReportFileTest, report_may_go_to_a_character_device) {
  ReportFile file{kReportFile, "/dev/null"};
  EXPECT_TRUE(file.prepare());
  EXPECT_TRUE(file.publish(kText));
}

}  // namespace
}  // namespace mpiferry::cli
