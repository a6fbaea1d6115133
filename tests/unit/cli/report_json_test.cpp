// What programs read of a job.
#include "cli/output/report_json.hpp"

#include <cerrno>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mpiferry::cli {
namespace {

nlohmann::json parsed(const Report& report) { return nlohmann::json::parse(to_json(report, "")); }

TEST(ReportJson, counts_what_was_kept_and_what_went_elsewhere) {
  Report report{.verdict = Errc::ok, .resume = true};
  report.chunks_kept = 5;
  report.bytes_kept = 5_MiB;
  report.chunks_moved = 2;
  report.warnings.push_back({.code = Errc::dest_write_failed,
                             .rank = Rank{2},
                             .host = "node7",
                             .path = "out",
                             .call = "pwrite",
                             .system_errno = ENOSPC});
  const auto json = parsed(report);
  EXPECT_EQ(json["command"], "scatter");
  EXPECT_EQ(json["exit_code"], 0);
  EXPECT_FALSE(json.contains("error"));
  EXPECT_EQ(json["resume"], true);
  EXPECT_EQ(json["chunks_kept"], 5);
  EXPECT_EQ(json["bytes_kept"], (5_MiB).value);
  EXPECT_EQ(json["chunks_moved"], 2);
  ASSERT_EQ(json["warnings"].size(), 1U);
  EXPECT_EQ(json["warnings"][0]["rank"], 2);
  EXPECT_EQ(json["warnings"][0]["path"], "out");
}

TEST(ReportJson, lists_flaws_with_all_that_is_known_of_them) {
  Report report{.command = "verify", .verdict = Errc::chunk_damaged};
  report.failure = Failure{.code = Errc::chunk_damaged, .path = "out"};
  report.chunks_damaged = report.extra_files = 1;
  report.discrepancies = {
      {.kind = Report::Discrepancy::Kind::damaged,
       .chunk = ChunkIndex{7},
       .rank = Rank{1},
       .host = "node1",
       .path = "out/chunk_7.bin",
       .detail = "its digest is 1, the manifest says 2"},
      {.kind = Report::Discrepancy::Kind::extra, .rank = Rank{0}, .path = "out/chunk_9.bin"}};
  const auto json = parsed(report);
  EXPECT_EQ(json["exit_code"], 5);
  EXPECT_EQ(json["chunks_damaged"], 1);
  EXPECT_EQ(json["extra_files"], 1);
  ASSERT_EQ(json["flaws"].size(), 2U);
  EXPECT_EQ(json["flaws"][0]["kind"], "damaged");
  EXPECT_EQ(json["flaws"][0]["chunk"], 7);
  EXPECT_EQ(json["flaws"][0]["rank"], 1);
  EXPECT_EQ(json["flaws"][0]["path"], "out/chunk_7.bin");
  EXPECT_EQ(json["flaws"][1]["kind"], "extra");
}

}  // namespace
}  // namespace mpiferry::cli
