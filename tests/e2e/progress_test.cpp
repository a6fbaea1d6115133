// The line of progress on a terminal, and what is printed after it.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"
#include "tests/e2e/retrieval_job.hpp"
#include "tests/e2e/tune.hpp"

namespace mpiferry::e2e {
namespace {

constexpr const char* kProgress = "( *[0-9.]+ %  |tune: ).*";

// Whether a line of progress was drawn over itself.
bool drew_progress(const Finished& finished) {
  std::string lines = finished.out;
  std::ranges::replace(lines, '\r', '\n');
  return lines_like(lines, kProgress) > 0;
}

// Nothing on the screen but what comes at the end, however it was drawn over before.
void expect_clean_screen(const Finished& finished, std::size_t columns, const std::string& first) {
  EXPECT_TRUE(drew_progress(finished)) << describe(finished);
  const Arguments lines = screen_after(finished.out);
  ASSERT_FALSE(lines.empty());
  EXPECT_TRUE(lines[0].starts_with(first)) << lines[0];
  for (const std::string& line : lines) {
    EXPECT_TRUE(line.starts_with("mpiferry: ") || line.starts_with("  ")) << line;
    EXPECT_EQ(lines_like(line, kProgress), 0) << line;
  }
  const std::string progress = finished.out.substr(0, finished.out.find("mpiferry: "));
  EXPECT_LT(widest_line(progress), columns) << progress;
}

constexpr unsigned short kWidths[] = {20, 40, 80, 200};

class Progress : public RetrievalTest {
 protected:
  Progress() { chunk_size = 40'000; }

  // The job takes a second or so.
  Command slow(Command command, unsigned short columns) const {
    command.columns = columns;
    command.words.insert(command.words.begin() + 5, {"--fault", "delay=60000", "--window", "2"});
    return command;
  }
};

TEST_F(Progress, of_a_scatter_leaves_the_summary_a_clean_line_of_any_width) {
  make_source(1'000'000);
  for (const unsigned short columns : kWidths) {
    const Finished finished = run(slow(job(3, {"--force"}), columns));
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
    expect_clean_screen(finished, columns, "mpiferry: 976.6 KiB in 25 chunks");
  }
}

TEST_F(Progress, leaves_the_error_a_clean_line) {
  make_source(1'000'000);
  const Finished finished = run(slow(scatter(3, {"--chunk-size", "40000", "--stall-timeout", "1",
                                                 "--fault", "stall=2:2", source, destination}),
                                     60));
  EXPECT_EQ(finished.exit_code, 6) << describe(finished);
  expect_clean_screen(finished, 60, "mpiferry: error: rank 2");
}

TEST_F(Progress, of_gather_and_verify_leaves_the_summary_a_clean_line) {
  scatter_bytes(1'000'000, 3);
  for (const unsigned short columns : kWidths) {
    const Finished gathered = run(slow(gather(3, {"--force"}), columns));
    EXPECT_EQ(gathered.exit_code, 0) << describe(gathered);
    expect_clean_screen(gathered, columns, "mpiferry: 976.6 KiB in ");
    const Finished verified = run(slow(verify(3), columns));
    EXPECT_EQ(verified.exit_code, 0) << describe(verified);
    expect_clean_screen(verified, columns, "mpiferry: 976.6 KiB in ");
  }
}

TEST_F(Tune, progress_leaves_the_advice_a_clean_line) {
  for (const unsigned short columns : kWidths) {
    Command command = tune(3, {"--profile", "none"});
    command.columns = columns;
    const Finished finished = run(command);
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
    expect_clean_screen(finished, columns, "mpiferry: 8 measurements");
  }
}

// Scripts look for the summary there, however long the job takes.
TEST_F(Progress, leaves_the_summary_on_a_standard_output_that_goes_elsewhere) {
  make_source(1'000'000);
  const std::filesystem::path log = temporary / "log";
  Command moved = slow(job(3), 0);
  moved.words.insert(moved.words.begin(), log);
  Command command = shell(R"(log=$1; shift; exec "$@" > "$log")", moved.words);
  command.columns = 80;
  const Finished finished = run(command);
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_TRUE(drew_progress(finished)) << describe(finished);
  EXPECT_EQ(screen_after(finished.out), Arguments{}) << describe(finished);
  EXPECT_TRUE(read_file(log).starts_with("mpiferry: 976.6 KiB in 25 chunks")) << read_file(log);
}

TEST_F(Progress, of_a_verbose_job_has_a_line_of_its_own) {
  make_source(1'000'000);
  const Finished finished = run(slow(job(3, {"-v", "--progress", "always"}), 200));
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(finished.out.find('\r'), std::string::npos) << describe(finished);
  EXPECT_EQ(lines_like(finished.out, "((Master|Worker|Chunk size|mpiferry|  ).*|.* in flight)"),
            lines_like(finished.out, ".*"))
      << finished.out;
}

TEST_F(Progress, of_a_resumed_job_counts_sent_and_kept_chunks_apart) {
  chunk_size = 1000;
  scatter_bytes(100'000, 3);
  for (int chunk = 50; chunk < 100; ++chunk) {
    std::filesystem::remove(destination / ("chunk_" + std::to_string(chunk) + ".bin"));
  }
  const Finished finished =
      run_job(3, {"--resume", "--progress", "always", "--fault", "delay=60000", "--window", "1"});
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_GE(
      lines_like(finished.err,
                 R"( *[0-9.]+ %  [0-9.]+ of 97\.7 KiB  [0-9.]+ \w+/s  [01] s elapsed  )"
                 R"(ETA at least [0-9]+ s  [0-9]+ chunks? sent, 50 kept  [0-2] chunks? in flight)"),
      1)
      << describe(finished);
  const Json done = report();
  EXPECT_EQ(done["chunks_sent"], 50);
  EXPECT_EQ(done["chunks_kept"], 50);
}

}  // namespace
}  // namespace mpiferry::e2e
