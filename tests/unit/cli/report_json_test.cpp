// What programs read of a job.
#include "cli/output/report_json.hpp"

#include <cerrno>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mpiferry::cli {
namespace {

TEST(ReportJson, counts_what_was_kept_and_what_went_elsewhere) {
  ScatterReport report{.job = {.verdict = Errc::ok}, .resume = true};
  report.chunks_kept = 5;
  report.bytes_kept = 5_MiB;
  report.chunks_moved = 2;
  report.job.warnings.push_back({.code = Errc::dest_write_failed,
                                 .rank = Rank{2},
                                 .host = "node7",
                                 .path = "out",
                                 .call = "pwrite",
                                 .system_errno = ENOSPC});
  const auto json = nlohmann::json::parse(to_json(report, "tuned"));
  EXPECT_EQ(json["command"], "scatter");
  EXPECT_EQ(json["exit_code"], 0);
  EXPECT_FALSE(json.contains("error"));
  EXPECT_EQ(json["resume"], true);
  EXPECT_EQ(json["chunks_kept"], 5);
  EXPECT_EQ(json["bytes_kept"], (5_MiB).value);
  EXPECT_EQ(json["chunks_moved"], 2);
  EXPECT_EQ(json["profile"], "tuned");
  ASSERT_EQ(json["warnings"].size(), 1U);
  EXPECT_EQ(json["warnings"][0]["rank"], 2);
  EXPECT_EQ(json["warnings"][0]["path"], "out");
}

TEST(ReportJson, lists_flaws_with_all_that_is_known_of_them) {
  VerifyReport report{.job = {.verdict = Errc::chunk_damaged}};
  report.job.failure = Failure{.code = Errc::chunk_damaged, .path = "out"};
  report.chunks_damaged = report.extra_files = 1;
  report.discrepancies = {
      {.kind = Discrepancy::Kind::damaged,
       .chunk = ChunkIndex{7},
       .rank = Rank{1},
       .host = "node1",
       .path = "out/chunk_7.bin",
       .detail = "its digest is 1, the manifest says 2"},
      {.kind = Discrepancy::Kind::extra, .rank = Rank{0}, .path = "out/chunk_9.bin"}};
  const auto json = nlohmann::json::parse(to_json(report));
  EXPECT_EQ(json["command"], "verify");
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

// Programs read any report without asking which command has written it.
TEST(ReportJson, has_the_same_keys_in_the_same_order_for_every_command) {
  const auto keys = [](const std::string& text) {
    std::vector<std::string> names;
    const auto json = nlohmann::ordered_json::parse(text);
    for (const auto& [name, value] : json.items()) {
      if (name != "target") names.push_back(name);
    }
    return names;
  };
  const auto of_scatter = keys(to_json(ScatterReport{}, "tuned"));
  EXPECT_EQ(of_scatter.front(), "schema");
  EXPECT_EQ(of_scatter.back(), "workers");
  EXPECT_EQ(keys(to_json(GatherReport{.target = "copy.dat"})), of_scatter);
  EXPECT_EQ(keys(to_json(VerifyReport{})), of_scatter);
}

TEST(ReportJson, names_the_file_of_a_gather_before_its_counts) {
  const std::string text = to_json(GatherReport{.target = "copy.dat"});
  EXPECT_NE(text.find("\"command\": \"gather\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"target\": \"copy.dat\",\n  \"chunks_missing\": 0"), std::string::npos)
      << text;
  EXPECT_NE(text.find("\"profile\": null"), std::string::npos) << text;
}

}  // namespace
}  // namespace mpiferry::cli
