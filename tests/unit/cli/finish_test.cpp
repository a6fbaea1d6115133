// What the end of a job prints, and where.
#include "cli/output/finish.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace mpiferry::cli {
namespace {

const FileKind kAnyReport{"any schema", "report", "--json"};
const JobReport kDone{.verdict = Errc::ok};
const JobReport kFailed{.verdict = Errc::source_not_found,
                        .failure = Failure{.code = Errc::source_not_found}};

struct Printed {
  int code = 0;
  std::string out;  // the stream of the summary
  std::string err;
};

std::string text_of(std::FILE* file) {
  std::rewind(file);
  std::array<char, 1000> text{};
  return {text.data(), std::fread(text.data(), 1, text.size(), file)};
}

Printed finished(const JobReport& job, const Summary& summary, bool quiet,
                 const std::string& report = "") {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out{std::tmpfile(), std::fclose};
  ReportFile file{kAnyReport, report};
  testing::internal::CaptureStderr();
  const int code = finish(job, summary, {.out = out.get(), .quiet = quiet}, file);
  return {code, text_of(out.get()), testing::internal::GetCapturedStderr()};
}

TEST(Finish, prints_a_success_to_the_stream_of_the_summary) {
  const Printed printed = finished(kDone, {.text = "done\n"}, false);
  EXPECT_EQ(printed.code, 0);
  EXPECT_EQ(printed.out, "done\n");
  EXPECT_EQ(printed.err, "");
}

TEST(Finish, prints_a_success_below_its_warnings) {
  const Printed printed = finished(kDone, {.warnings = "beware\n", .text = "done\n"}, false);
  EXPECT_EQ(printed.out, "");
  EXPECT_EQ(printed.err, "beware\ndone\n");
}

TEST(Finish, prints_a_failure_below_its_warnings_to_standard_error) {
  const Printed printed = finished(kFailed, {.warnings = "beware\n", .text = "failed\n"}, false);
  EXPECT_EQ(printed.code, 3);
  EXPECT_EQ(printed.out, "");
  EXPECT_EQ(printed.err, "beware\nfailed\n");
}

TEST(Finish, prints_errors_alone_if_quiet) {
  const Printed done = finished(kDone, {.warnings = "beware\n", .text = "done\n"}, true);
  EXPECT_EQ(done.out + done.err, "");
  const Printed failed = finished(kFailed, {.warnings = "beware\n", .text = "failed\n"}, true);
  EXPECT_EQ(failed.out, "");
  EXPECT_EQ(failed.err, "failed\n");
}

// It is the error of a job that is done, and only a warning beside the error of another.
TEST(Finish, prints_that_the_report_is_not_written) {
  const std::string nowhere = "/dev/full";
  EXPECT_EQ(finished(kDone, {.json = "{}"}, true, nowhere).code, 4);
  EXPECT_EQ(finished(kDone, {.json = "{}"}, true, nowhere).err.find("mpiferry: error: "), 0U);
  const Printed both = finished(kFailed, {.text = "failed\n", .json = "{}"}, false, nowhere);
  EXPECT_EQ(both.code, 3);
  EXPECT_EQ(both.err.find("failed\nmpiferry: warning: "), 0U) << both.err;
  EXPECT_EQ(finished(kFailed, {.text = "failed\n", .json = "{}"}, true, nowhere).err, "failed\n");
}

}  // namespace
}  // namespace mpiferry::cli
