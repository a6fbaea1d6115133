// Ctrl-C and SIGTERM end a job in order: one message, a report, every rank's own exit code 130, and
// nothing unfinished, all within two seconds.
#include <csignal>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

constexpr auto kLimit = 2000ms;

class Interrupt : public JobTest, public ::testing::WithParamInterface<int> {
 protected:
  // Each rank below a shell that notes its exit code: mpirun's own is a race inside hydra.
  Command noted(const Command& job) const {
    Command command{{job.words[0], job.words[1], job.words[2], "sh", "-c",
                     R"(trap : INT TERM; notes=$1; shift; "$@"; echo $? > "$notes/$PMI_RANK")",
                     "sh", temporary.path()}};
    command.words.insert(command.words.end(), job.words.begin() + 3, job.words.end());
    return command;
  }
  // Returns the notes by rank; "" stands for a rank that has written none.
  Arguments notes(int ranks) const {
    Arguments out;
    for (int rank = 0; rank < ranks; ++rank) {
      out.push_back(read_file(temporary / std::to_string(rank)));
    }
    return out;
  }
  void interrupt(Process& running, int ranks) {
    const auto began = std::chrono::steady_clock::now();
    running.signal(GetParam());
    EXPECT_TRUE(eventually([&] { return running.ranks().empty(); }));
    const auto took = std::chrono::steady_clock::now() - began;
    EXPECT_LT(took, kLimit);
    const Finished finished = running.wait();
    EXPECT_FALSE(finished.timed_out);
    EXPECT_EQ(notes(ranks), Arguments(static_cast<std::size_t>(ranks), "130\n"))
        << describe(finished);
    EXPECT_EQ(error_lines(finished), 1) << describe(finished);
    EXPECT_NE(
        finished.err.find(GetParam() == SIGINT ? "interrupted (SIGINT)" : "interrupted (SIGTERM)"),
        std::string::npos)
        << describe(finished);
    EXPECT_TRUE(finished.left.empty()) << describe(finished);
    expect_nothing_unfinished();
    const Json said = report();
    ASSERT_TRUE(said.is_object()) << read_file(report_path);
    EXPECT_EQ(said["verdict"], "interrupted");
    EXPECT_EQ(said["exit_code"], 130);
  }
};

TEST_P(Interrupt, in_mid_transfer_says_how_far_it_came) {
  make_source(300 * chunk_size);
  Process running{noted(job(4, {"--fault", "delay=100000", "--window", "4"}))};
  ASSERT_TRUE(eventually([this] { return chunks_below(root).size() >= 4; }));
  interrupt(running, 4);
  const Json said = report();
  EXPECT_GE(said["chunks_written"], 4);
  EXPECT_LT(said["chunks_written"], 300);
  EXPECT_EQ(chunks_below(root).size(), said["chunks_written"].get<std::size_t>());
}

TEST_P(Interrupt, of_large_chunks_leaves_no_part) {
  chunk_size = 8 * 1024 * 1024;
  make_source(16 * chunk_size);
  Process running{noted(job(3, {"--fault", "delay=150000", "--window", "1"}))};
  ASSERT_TRUE(eventually([this] { return !chunks_below(root).empty(); }));
  nap(100ms);
  interrupt(running, 3);
}

TEST_P(Interrupt, while_another_jobs_files_are_removed_ends_the_job) {
  chunk_size = 1;
  make_source(20'000);
  std::filesystem::create_directory(destination);
  write_file(destination / "manifest.json", "{\n  \"schema\": \"mpiferry.manifest/2\",\n");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    write_file(destination / ("chunk_" + std::to_string(i) + ".bin"), bytes.substr(i, 1));
  }
  Process running{noted(job(3, {"--force"}))};
  // The manifest goes first.
  ASSERT_TRUE(
      eventually([this] { return !std::filesystem::exists(destination / "manifest.json"); }));
  interrupt(running, 3);
}

TEST_P(Interrupt, while_it_waits_for_a_stream_ends_the_job) {
  chunk_size = 4096;
  make_source(3 * chunk_size);
  const std::filesystem::path fifo = temporary / "fifo";
  ASSERT_EQ(run({{"mkfifo", fifo}}).exit_code, 0);
  Process writer{shell(R"((cat "$1"; sleep 20) > "$2")", {source, fifo})};
  source = fifo;
  Process running{noted(job(3))};
  ASSERT_TRUE(eventually([this] { return chunks_below(root).size() == 3; }));
  interrupt(running, 3);
}

TEST_P(Interrupt, while_nobody_has_opened_the_fifo_ends_the_job) {
  source = temporary / "fifo";
  ASSERT_EQ(run({{"mkfifo", source}}).exit_code, 0);
  Process running{noted(job(3))};
  ASSERT_TRUE(
      eventually([this] { return std::filesystem::exists(destination / ".mpiferry.job"); }));
  nap(200ms);
  interrupt(running, 3);
}

// A writer that never comes must not cost what lies there.
TEST_P(Interrupt, while_nobody_has_opened_the_fifo_leaves_what_force_would_replace) {
  make_source(5 * chunk_size);
  ASSERT_EQ(run(job(3)).exit_code, 0);
  const auto before = files_below(root);
  const std::string manifest = read_file(destination / "manifest.json");
  source = temporary / "fifo";
  ASSERT_EQ(run({{"mkfifo", source}}).exit_code, 0);
  Process running{noted(job(3, {"--force"}))};
  ASSERT_TRUE(
      eventually([this] { return std::filesystem::exists(destination / ".mpiferry.job"); }));
  nap(500ms);
  running.signal(GetParam());
  EXPECT_TRUE(eventually([&] { return running.ranks().empty(); }, kLimit));
  const Finished finished = running.wait();
  EXPECT_EQ(notes(3), Arguments(3, "130\n")) << describe(finished);
  EXPECT_NE(finished.err.find("nothing was written\n"), std::string::npos) << describe(finished);
  EXPECT_EQ(files_below(root), before);
  EXPECT_EQ(read_file(destination / "manifest.json"), manifest);
}

TEST_P(Interrupt, after_a_word_that_nobody_writes_to_the_fifo_ends_the_job) {
  source = temporary / "fifo";
  ASSERT_EQ(run({{"mkfifo", source}}).exit_code, 0);
  Process running{noted(job(3))};
  ASSERT_TRUE(eventually(
      [&] { return running.err().find("still waiting for the first bytes") != std::string::npos; },
      30s));
  interrupt(running, 3);
}

TEST_P(Interrupt, of_a_job_with_a_hung_worker_still_ends_it) {
  make_source(100 * chunk_size);
  Process running{job(3, {"--fault", "stall=1:2"})};
  ASSERT_TRUE(eventually([this] { return chunks_below(root).size() >= 4; }));
  nap(300ms);  // rank 1 is at its third chunk by now
  running.signal(GetParam());
  EXPECT_TRUE(eventually([&] { return running.ranks().empty(); }, kLimit));
  const Finished finished = running.wait();
  EXPECT_EQ(error_lines(finished), 1) << describe(finished);
  EXPECT_TRUE(finished.left.empty()) << describe(finished);
  expect_nothing_unfinished();
  EXPECT_EQ(report()["verdict"], "interrupted");
}

INSTANTIATE_TEST_SUITE_P(, Interrupt, ::testing::Values(SIGINT, SIGTERM), [](const auto& test) {
  return test.param == SIGINT ? "by_ctrl_c" : "by_sigterm";
});

}  // namespace
}  // namespace mpiferry::e2e
