// What people read: one chunk is no "1 chunks".
#include "cli/output/report_text.hpp"

#include <cerrno>
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "cli/output/units.hpp"

namespace mpiferry::cli {
namespace {

ScatterReport job(std::uint64_t chunks, std::size_t workers) {
  ScatterReport report{.job = {.transfer_time = std::chrono::seconds{1}},
                       .transfer = {.chunk_size = 1_KiB, .chunks = chunks}};
  report.chunks_sent = report.transfer.chunks_written = report.transfer.chunks_corrupt = chunks;
  report.transfer.bytes_written = Bytes{chunks * 1024};
  report.job.workers.resize(workers);
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

TEST(ReportText, says_what_a_job_that_goes_on_has_kept) {
  ScatterReport report = job(2, 3);
  report.transfer.chunks_corrupt = 0;
  report.resume = true;
  report.chunks_kept = 1;
  report.bytes_kept = 1_KiB;
  const std::string some = success_text(report, "");
  EXPECT_NE(some.find("in 2 chunks to 3 workers:"), std::string::npos) << some;
  EXPECT_NE(some.find("1 chunk (1.0 KiB) was already in place"), std::string::npos) << some;
  report.chunks_sent = report.transfer.chunks_written = 0;
  report.chunks_kept = 3;
  const std::string nothing = success_text(report, "");
  EXPECT_EQ(nothing.find("mpiferry: nothing to send: all chunks are in place"), 0U) << nothing;
  EXPECT_NE(nothing.find("3 chunks (1.0 KiB) were already in place"), std::string::npos) << nothing;
}

TEST(ReportText, says_what_is_not_written_and_how_to_go_on) {
  ScatterReport report = job(2, 1);
  report.resume = true;
  report.chunks_kept = 3;
  report.bytes_kept = 3_KiB;
  report.transfer.chunks = 9;
  const std::string text = how_far_text(report);
  EXPECT_NE(text.find("5 of 9 chunks (5.0 KiB) were written and verified, 4 are not;"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("--resume --chunk-size 1024 continues from there"), std::string::npos)
      << text;
  report.transfer.chunk_size = 1_MiB;
  EXPECT_NE(how_far_text(report).find("--resume continues from there"), std::string::npos);
  report.chunks_sent = report.chunks_kept = 0;
  EXPECT_EQ(how_far_text(report), "  nothing was written\n");
}

TEST(ReportText, warns_when_chunks_of_another_size_were_replaced) {
  ScatterReport report;
  report.transfer.directory = "out";
  report.transfer.chunk_size = 1_MiB;
  report.replaced_chunk_size = 1_MiB;
  EXPECT_EQ(warnings_text(report), "");
  report.replaced_chunk_size = 64_KiB;
  EXPECT_EQ(warnings_text(report),
            "mpiferry: warning: 'out' held chunks of 65536 bytes, of which none could be kept; "
            "--chunk-size 65536 keeps those that are right\n");
}

TEST(ReportText, warns_when_another_source_was_replaced) {
  ScatterReport report = job(2, 2);
  report.transfer.directory = "out";
  report.transfer.source = "data/b";
  report.replaced = "/home/a";
  EXPECT_EQ(warnings_text(report),
            "mpiferry: warning: 'out' held the chunks of '/home/a', which --resume has replaced by "
            "those of "
            "'data/b'\n");
  for (const char* same : {"", "/home/b", "b", "-"}) {
    report.replaced = same;
    EXPECT_EQ(warnings_text(report), "") << same;
  }
}

TEST(ReportText, warns_of_each_worker_whose_chunks_went_elsewhere) {
  ScatterReport report = job(2, 2);
  EXPECT_EQ(warnings_text(report), "");
  report.chunks_moved = 2;
  for (const int rank : {1, 2}) {
    report.job.warnings.push_back({.code = Errc::dest_write_failed,
                                   .rank = Rank{rank},
                                   .host = "node7",
                                   .path = "out/chunk_7.bin",
                                   .call = "pwrite",
                                   .system_errno = ENOSPC});
  }
  EXPECT_EQ(warnings_text(report),
            "mpiferry: warning: rank 1 (node7): 'out/chunk_7.bin': pwrite: No space left on "
            "device: its chunks went to other workers (--reroute)\n"
            "mpiferry: warning: rank 2 (node7): 'out/chunk_7.bin': pwrite: No space left on "
            "device: its chunks went to other workers (--reroute)\n");
  EXPECT_NE(success_text(report, "").find("2 chunks were rerouted to another worker"),
            std::string::npos);
}

TEST(ReportText, warns_of_what_failed_when_the_result_was_complete) {
  ScatterReport report = job(2, 2);
  report.job.warnings.push_back({.code = Errc::peer_unreachable,
                                 .rank = Rank{2},
                                 .host = "node7",
                                 .detail = "the connection to this rank is lost"});
  EXPECT_EQ(
      warnings_text(report),
      "mpiferry: warning: rank 2 (node7): the connection to this rank is lost: the result was "
      "already complete\n");
}

TEST(ReportText, closes_with_the_lines_of_the_blocking_script) {
  JobReport job{.verdict = Errc::ok};
  EXPECT_EQ(closing_lines(job, kFileTransfer), "Master: File transfer completed successfully.\n");
  EXPECT_EQ(closing_lines(job, kVerification), "Master: Verification completed successfully.\n");

  job = {.verdict = Errc::source_not_found,
         .failure = Failure{.code = Errc::source_not_found,
                            .rank = kMaster,
                            .host = "node1",
                            .path = "test.txt",
                            .call = "open",
                            .system_errno = ENOENT}};
  EXPECT_EQ(closing_lines(job, kFileTransfer),
            "Master: Error - File 'test.txt' not found.\n"
            "Master: File transfer encountered errors.\n");
  job.failure->code = Errc::source_read_failed;
  job.failure->call = "pread";
  job.failure->system_errno = EIO;
  EXPECT_EQ(closing_lines(job, kFileTransfer),
            "Master: Error - 'test.txt': pread: Input/output error\n"
            "Master: File transfer encountered errors.\n");
}

TEST(ReportText, lets_a_worker_speak_for_itself_if_it_can) {
  JobReport job{.verdict = Errc::dest_write_failed,
                .failure = Failure{.code = Errc::dest_write_failed, .rank = Rank{2}}};
  EXPECT_EQ(closing_lines(job, kFileTransfer), "Master: File transfer encountered errors.\n");
  job.failure = Failure{.code = Errc::worker_stalled, .rank = Rank{2}, .detail = "silent"};
  EXPECT_EQ(closing_lines(job, kFileTransfer),
            "Master: Error - rank 2: silent\nMaster: File transfer encountered errors.\n");
  EXPECT_EQ(own_failure_text(*job.failure, Rank{2}), "silent");
}

TEST(Units, say_sizes_as_options_take_them) {
  EXPECT_EQ(option_bytes({1000}), "1000");
  EXPECT_EQ(option_bytes(64_KiB), "64K");
  EXPECT_EQ(option_bytes({std::uint64_t{1} << 44U}), "16T");
  EXPECT_EQ(option_bytes({std::uint64_t{1} << 58U}), "256P");
}

}  // namespace
}  // namespace mpiferry::cli
