// A worker that does not answer any more is named within the stall timeout.
#include <algorithm>
#include <regex>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

class Stall : public JobTest {
 protected:
  // Within a few seconds, the way hydra takes to end the ranks included.
  void expect_named(const Finished& finished, int rank) const {
    expect_failed(finished, 6, "rank " + std::to_string(rank) + " (");
    EXPECT_LT(finished.time.count(), 6.0) << describe(finished);
    const std::regex line{
        "mpiferry: error: rank " + std::to_string(rank) +
        R"( \([^)]+\): (\d+) of (\d+) chunks unacknowledged, last answer ([0-9.]+) s ago)"};
    std::smatch match;
    ASSERT_TRUE(std::regex_search(finished.err, match, line)) << finished.err;
    EXPECT_GE(std::stoi(match[1]), 1);
    EXPECT_LE(std::stoi(match[1]), std::stoi(match[2]));
    EXPECT_GE(std::stod(match[3]), 1.0);
    EXPECT_LT(std::stod(match[3]), 3.0);
    const Json said = report();
    EXPECT_EQ(said["verdict"], "worker_stalled");
    EXPECT_EQ(said["exit_code"], 6);
    EXPECT_EQ(said["error"]["rank"], rank);
    EXPECT_EQ(said["error"]["host"].get<std::string>().empty(), false);
  }
};

TEST_F(Stall, at_the_first_chunk_is_named) {
  make_source(50 * chunk_size);
  expect_named(run_job(3, {"--fault", "stall=1", "--stall-timeout", "1"}), 1);
}

TEST_F(Stall, in_the_middle_is_named) {
  make_source(200 * chunk_size);
  expect_named(run_job(4, {"--fault", "stall=2:20", "--stall-timeout", "1"}), 2);
  EXPECT_GE(chunks_below(root).size(), 20U);
}

TEST_F(Stall, of_the_only_worker_is_named) {
  make_source(50 * chunk_size);
  expect_named(run_job(2, {"--fault", "stall=1:5", "--stall-timeout", "1", "--window", "1"}), 1);
}

TEST_F(Stall, of_a_worker_that_is_only_slow_is_none) {
  make_source(12 * chunk_size);
  // Each write takes long, but less than the timeout.
  expect_moved(
      run_job(3, {"--fault", "delay=400000", "--window", "1", "--stall-timeout", "1500ms"}));
}

TEST_F(Stall, of_the_source_is_nobodys_fault) {
  make_source(3 * chunk_size);
  const std::filesystem::path fifo = temporary / "fifo";
  ASSERT_EQ(run({{"mkfifo", fifo}}).exit_code, 0);
  Process writer{
      shell(R"((head -c 100000 "$1"; sleep 2; tail -c +100001 "$1") > "$2")", {source, fifo})};
  source = fifo;
  expect_moved(run_job(3, {"--stall-timeout", "1"}));
}

// The rank stops right after MPI_Init, where the limit is a minute.
TEST_F(Stall, before_the_job_is_named) {
  make_source(5 * chunk_size);
  Command command = job(3);
  std::ranges::replace(command.words, std::string{MPIFERRY_BINARY}, std::string{MPIFERRY_STOPPING});
  command.environment.insert(command.environment.end(),
                             {{"FERRY_STOP_RANK", "2"}, {"FERRY_STOP_AT", "1"}});
  command.limit = 90s;
  const Finished finished = run(command);
  EXPECT_EQ(finished.exit_code, 6) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1) << describe(finished);
  EXPECT_NE(finished.err.find("still waiting for all ranks to start"), std::string::npos)
      << describe(finished);
  EXPECT_NE(finished.err.find("rank 2: started MPI, but did not reach the barrier at the start"),
            std::string::npos)
      << describe(finished);
  EXPECT_TRUE(finished.left.empty()) << describe(finished);
}

TEST_F(Stall, in_mpi_finalize_does_not_keep_a_job_that_is_done) {
  make_source(5 * chunk_size);
  Command command = job(3);
  std::ranges::replace(command.words, std::string{MPIFERRY_BINARY}, std::string{MPIFERRY_STOPPING});
  command.environment.insert(command.environment.end(),
                             {{"FERRY_STOP_RANK", "2"}, {"FERRY_STOP_AT", "0"}});
  Finished finished = run(command);
  EXPECT_GE(finished.time.count(), 10.0) << "nobody stopped";
  // Hydra ends the rank that is stopped (SIGKILL, or the system's SIGHUP to stopped orphans), and
  // now and then returns the status of that: 9 or 1. The report tells how the job ended.
  finished.exit_code = 0;
  finished.err.clear();
  expect_moved(finished);
  EXPECT_LT(finished.time.count(), 20.0) << describe(finished);
}

}  // namespace
}  // namespace mpiferry::e2e
