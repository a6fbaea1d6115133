// What people read: one chunk is no "1 chunks".
#include "cli/report_text.hpp"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "cli/units.hpp"

namespace mpiferry::cli {
namespace {

Report job(std::uint64_t chunks, std::size_t workers) {
  Report report{.chunks = chunks, .transfer = std::chrono::seconds{1}};
  report.chunks_sent = report.chunks_written = report.chunks_corrupt = chunks;
  report.bytes_written = Bytes{chunks * 1024};
  report.workers.resize(workers);
  return report;
}

TEST(ReportText, counts_in_the_singular_and_in_the_plural) {
  const std::string one = success_text(job(1, 1), "");
  EXPECT_NE(one.find("in 1 chunk to 1 worker:"), std::string::npos) << one;
  EXPECT_NE(one.find("1 chunk arrived damaged and was sent again"), std::string::npos) << one;
  const std::string two = success_text(job(2, 3), "");
  EXPECT_NE(two.find("in 2 chunks to 3 workers:"), std::string::npos) << two;
  EXPECT_NE(two.find("2 chunks arrived damaged and were sent again"), std::string::npos) << two;
  EXPECT_NE(how_far_text(job(1, 1)).find("1 of 1 chunk (1.0 KiB) was written"), std::string::npos);
  EXPECT_NE(how_far_text(job(2, 1)).find("2 of 2 chunks (2.0 KiB) were written"),
            std::string::npos);
}

TEST(Units, say_sizes_as_options_take_them) {
  EXPECT_EQ(option_bytes({1000}), "1000");
  EXPECT_EQ(option_bytes(64_KiB), "64K");
  EXPECT_EQ(option_bytes({std::uint64_t{1} << 44U}), "16T");
  EXPECT_EQ(option_bytes({std::uint64_t{1} << 58U}), "256P");
}

TEST(ReportText, an_error_and_its_hint_are_a_line_each_whoever_wrote_them) {
  const Failure failure{.code = Errc::internal, .detail = "no\nnews", .hint = "look\x1b[2J\nthere"};
  EXPECT_EQ(error_text(failure), "mpiferry: error: no\\nnews\n  hint: look\\x1b[2J\\nthere\n");
}

}  // namespace
}  // namespace mpiferry::cli
