// What people read of a gather or a verification.
#include "cli/output/retrieval_text.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace mpiferry::cli {
namespace {

// Returns the report of whole chunks, transferred in a second.
template <class Report>
Report report_of(std::uint64_t chunks) {
  return {.job = {.verdict = Errc::ok, .transfer_time = std::chrono::seconds{1}},
          .transfer = {.chunks_written = chunks, .bytes_written = Bytes{chunks * 1024}}};
}
VerifyReport verified(std::uint64_t chunks) { return report_of<VerifyReport>(chunks); }

TEST(RetrievalText, says_where_the_file_is_and_who_read_its_chunks) {
  GatherReport report = report_of<GatherReport>(2);
  report.target = "copy\n.dat";
  EXPECT_EQ(gathered_text(report).find("mpiferry: 2.0 KiB in 2 chunks from one rank: "), 0U)
      << gathered_text(report);
  EXPECT_NE(gathered_text(report).find("  file: 'copy\\n.dat'\n"), std::string::npos);
  report.job.workers.resize(3);
  report.transfer.chunks_corrupt = 1;
  const std::string text = gathered_text(report);
  EXPECT_NE(text.find("from 3 workers"), std::string::npos) << text;
  EXPECT_NE(text.find("1 chunk arrived damaged and was sent again"), std::string::npos) << text;
}

TEST(RetrievalText, says_what_lies_beside_what_was_scattered) {
  VerifyReport report = verified(1);
  EXPECT_EQ(verified_text(report).find("beside them"), std::string::npos);
  report.extra_files = 1;
  EXPECT_NE(verified_text(report).find("(1 extra file beside them)"), std::string::npos);
}

TEST(RetrievalText, says_what_was_compared_with) {
  VerifyReport report = verified(1);
  EXPECT_NE(verified_text(report).find("every chunk is as it was scattered\n"), std::string::npos);
  report.against = "big.dat";
  EXPECT_NE(verified_text(report).find("as it was scattered, and identical to 'big.dat'\n"),
            std::string::npos)
      << verified_text(report);
}

TEST(RetrievalText, gives_each_discrepancy_a_line) {
  VerifyReport report = verified(1);
  EXPECT_EQ(discrepancies_text(report), "");
  report.discrepancies = {
      {.kind = Discrepancy::Kind::missing, .chunk = ChunkIndex{7}, .path = "out/chunk_7.bin"},
      {.kind = Discrepancy::Kind::damaged,
       .chunk = ChunkIndex{8},
       .rank = Rank{1},
       .host = "node1",
       .path = "out/chunk_8.bin",
       .detail = "its digest is 1, the manifest says 2"},
      {.kind = Discrepancy::Kind::extra, .rank = Rank{0}, .path = "out/chunk_9.bin"}};
  report.chunks_missing = report.chunks_damaged = report.extra_files = 1;
  EXPECT_EQ(discrepancies_text(report),
            "missing: chunk 7: 'out/chunk_7.bin': does not exist\n"
            "damaged: chunk 8: rank 1 (node1): 'out/chunk_8.bin': its digest is 1, the manifest "
            "says 2\n"
            "extra: rank 0: 'out/chunk_9.bin': does not belong there\n");
}

TEST(RetrievalText, shows_twenty_discrepancies_and_counts_the_others) {
  VerifyReport report = verified(1);
  report.discrepancies.resize(25);
  report.chunks_missing = 25;
  const std::string text = discrepancies_text(report);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 21);
  EXPECT_NE(text.find("... and 5 more; --json lists them\n"), std::string::npos) << text;
}

TEST(RetrievalText, promises_no_longer_list_than_there_is) {
  VerifyReport report = verified(1);
  report.discrepancies.resize(25);
  report.chunks_missing = 100;
  const std::string text = discrepancies_text(report);
  EXPECT_NE(text.find("... and 80 more; --json lists the first 25\n"), std::string::npos) << text;
}

TEST(RetrievalText, gives_a_lost_file_one_line) {
  VerifyReport report = verified(1);
  for (std::uint64_t chunk = 0; chunk < 90; chunk += 3) {
    report.discrepancies.push_back({.kind = Discrepancy::Kind::missing,
                                    .chunk = ChunkIndex{chunk},
                                    .path = "out/stripe_1.bin",
                                    .detail = "no rank sees it"});
  }
  report.discrepancies.push_back({.kind = Discrepancy::Kind::damaged,
                                  .chunk = ChunkIndex{88},
                                  .path = "out/stripe_2.bin",
                                  .detail = "it is old"});
  report.chunks_missing = 30;
  report.chunks_damaged = 1;
  EXPECT_EQ(discrepancies_text(report),
            "missing: 30 chunks (0, 3, 6, ...): 'out/stripe_1.bin': chunk 0: no rank sees it\n"
            "damaged: chunk 88: 'out/stripe_2.bin': it is old\n");
}

TEST(RetrievalText, shows_every_kind_of_discrepancy_and_every_file_before_repetitions) {
  VerifyReport report = verified(1);
  const auto add = [&report](Discrepancy::Kind kind, const std::string& path) {
    report.discrepancies.push_back({.kind = kind, .chunk = ChunkIndex{1}, .path = path});
  };
  for (int i = 0; i < 40; ++i) add(Discrepancy::Kind::missing, "lost" + std::to_string(i));
  for (int i = 0; i < 40; ++i) add(Discrepancy::Kind::damaged, "stripe_1.bin");
  add(Discrepancy::Kind::damaged, "stripe_2.bin");
  report.chunks_missing = 40;
  report.chunks_damaged = 41;
  const std::string text = discrepancies_text(report);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 21);
  EXPECT_NE(text.find("'stripe_1.bin'"), std::string::npos) << text;
  EXPECT_NE(text.find("'stripe_2.bin'"), std::string::npos) << text;
  EXPECT_NE(text.find("... and 61 more; --json lists them\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace mpiferry::cli
