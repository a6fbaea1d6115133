// What programs read of a job.
#include "cli/output/report_json.hpp"

#include <algorithm>
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

TEST(ReportJson, lists_discrepancies_with_all_that_is_known_of_them) {
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
  ASSERT_EQ(json["discrepancies"].size(), 2U);
  EXPECT_EQ(json["discrepancies"][0]["kind"], "damaged");
  EXPECT_EQ(json["discrepancies"][0]["chunk"], 7);
  EXPECT_EQ(json["discrepancies"][0]["rank"], 1);
  EXPECT_EQ(json["discrepancies"][0]["path"], "out/chunk_7.bin");
  EXPECT_EQ(json["discrepancies"][1]["kind"], "extra");
}

std::vector<std::string> keys_of(const std::string& text) {
  std::vector<std::string> names;
  const auto json = nlohmann::ordered_json::parse(text);
  for (const auto& [name, value] : json.items()) names.push_back(name);
  return names;
}

// Programs read what every report has without asking which command has written it.
TEST(ReportJson, begins_with_the_same_keys_for_every_command_and_adds_its_own) {
  const auto of_scatter = keys_of(to_json(ScatterReport{}, ""));
  const auto of_gather = keys_of(to_json(GatherReport{.target = "copy.dat"}));
  const auto of_verify = keys_of(to_json(VerifyReport{}));
  EXPECT_EQ(of_gather.front(), "schema");
  const auto own = std::ranges::find(of_gather, "workers") + 1;
  const auto common = own - of_gather.begin();
  const auto own_of = [&](const std::vector<std::string>& keys) {
    EXPECT_TRUE(std::equal(of_gather.begin(), own, keys.begin()));
    return std::vector<std::string>{keys.begin() + common, keys.end()};
  };
  using Keys = std::vector<std::string>;
  EXPECT_EQ(own_of(of_scatter), (Keys{"discard", "resume", "chunks_sent", "chunks_kept",
                                      "bytes_kept", "chunks_moved", "profile"}));
  EXPECT_EQ(own_of(of_gather), Keys{"target"});
  EXPECT_EQ(own_of(of_verify), (Keys{"chunks_missing", "chunks_damaged", "chunks_differing",
                                     "extra_files", "discrepancies"}));
}

TEST(ReportJson, names_the_file_of_a_gather) {
  const auto json = nlohmann::json::parse(to_json(GatherReport{.target = "copy.dat"}));
  EXPECT_EQ(json["command"], "gather");
  EXPECT_EQ(json["target"], "copy.dat");
}

}  // namespace
}  // namespace mpiferry::cli
