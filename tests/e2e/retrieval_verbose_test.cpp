// gather -v and verify -v print a line for every chunk.
#include <algorithm>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/retrieval_job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLine = "(Chunk size|Master|Worker [0-9]+): .*";

class VerboseRetrieval : public RetrievalTest {
 protected:
  VerboseRetrieval() { chunk_size = 1000; }

  std::ptrdiff_t said(const Finished& finished, const std::string& pattern) const {
    return lines_like(finished.out, pattern);
  }
  // What the two have in common, of `intact` chunks of 6.
  void expect_lines(const Finished& finished, int workers, int intact) const {
    const std::string begin = "Chunk size: 1000 bytes\nMaster: Read the manifest of '" +
                              source.string() + "': 6 chunks.\n";
    EXPECT_EQ(finished.out.find(begin), 0U) << describe(finished);
    EXPECT_EQ(said(finished, R"(Master: Chunk [0-5] from process [0-2] is intact\.)"), intact)
        << describe(finished);
    EXPECT_EQ(said(finished, R"(Worker [12]: Received termination signal\.)"), workers);
  }
};

TEST_F(VerboseRetrieval, names_every_chunk_and_who_read_it) {
  scatter_bytes(5500, 3);
  const Finished gathered = run(gather(3, {"-v"}));
  expect_gathered(gathered);
  expect_lines(gathered, 2, 6);
  EXPECT_EQ(said(gathered, R"(Master: File transfer completed successfully\.)"), 1);
  const Finished verified = run(verify(3, {"-v"}));
  expect_verified(verified);
  expect_lines(verified, 2, 6);
  EXPECT_EQ(said(verified, R"(Master: Verification completed successfully\.)"), 1);
}

TEST_F(VerboseRetrieval, works_on_one_rank_and_with_the_report_on_standard_output) {
  scatter_bytes(5500, 3);
  expect_lines(run(verify(0, {"-v"})), 0, 6);
  Command command = verify(2, {"-v"});
  std::ranges::replace(command.words, report_path.string(), std::string{"-"});
  const Finished finished = run(command);
  EXPECT_TRUE(Json::parse(finished.out, nullptr, false).is_object()) << describe(finished);
  EXPECT_EQ(lines_like(finished.err, R"(Master: Chunk [0-5] from process [01] is intact\.)"), 6);
}

TEST_F(VerboseRetrieval, names_chunks_that_are_damaged_or_missing) {
  scatter_bytes(5500, 3);
  write_file(destination / "chunk_2.bin", "damage");
  fs::remove(destination / "chunk_4.bin");
  const Finished finished = run(verify(3, {"-v"}));
  EXPECT_EQ(finished.exit_code, 5) << describe(finished);
  expect_lines(finished, 2, 4);
  EXPECT_EQ(said(finished, R"(Master: Chunk 2 from process [0-2] is missing or damaged\.)"), 1);
  EXPECT_EQ(said(finished, R"(Master: Chunk 4 is missing\.)"), 1) << describe(finished);
  EXPECT_EQ(said(finished, R"(Master: Verification encountered errors\.)"), 1);
}

TEST_F(VerboseRetrieval, is_asked_for_and_yields_to_quiet) {
  scatter_bytes(5500, 3);
  EXPECT_EQ(said(run(verify(3)), kLine), 0);
  EXPECT_EQ(said(run(gather(3)), kLine), 0);
  EXPECT_EQ(run(verify(3, {"-v", "-q"})).output(), "");
}

}  // namespace
}  // namespace mpiferry::e2e
