// A worker that cannot write: without --reroute the job ends and can be resumed, with it the
// others take its chunks.
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

class Reroute : public JobTest {
 protected:
  void SetUp() override {
    prefix = with_private_mounts();
    if (!prefix) GTEST_SKIP() << "no right to mount here";
    root = temporary / "dest";
    destination = root / "{rank}";
    fs::create_directory(root);
    fs::create_directory(root / "2");
    make_source(100 * chunk_size + 9);
  }
  // The script runs where the directory of rank 2 ($1) is a disk of 1 MiB. "$@" is the job.
  Finished run_full(const std::string& script, const Command& job) {
    Command command = shell(R"(mount -t tmpfs -o size=1m ferry "$1" || exit 99
                              directory=$1 gathered=$2; shift 2; )" +
                                script,
                            {root / "2", gathered});
    command.words.insert(command.words.end(), job.words.begin(), job.words.end());
    return run(prefixed(*prefix, command));
  }
  // The job, and then a gather, which gives back the bytes that were scattered.
  void expect_rerouted(const Arguments& arguments) {
    const Finished finished =
        run_full(std::string{R"("$@" || exit; )"} + MPIFERRY_MPIEXEC + " -n 4 " + MPIFERRY_BINARY +
                     R"( gather "${directory%/*}/{rank}" "$gathered" > /dev/null)",
                 job(4, arguments));
    ASSERT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_EQ(error_lines(finished), 0);
    EXPECT_NE(finished.err.find("warning: rank 2 ("), std::string::npos) << describe(finished);
    EXPECT_NE(finished.err.find("No space left on device"), std::string::npos) << finished.err;
    const auto warned = finished.err.find("warning: rank 2 (");
    EXPECT_NE(finished.err.find("every chunk verified", warned), std::string::npos)
        << "the warning comes before the summary: " << describe(finished);
    EXPECT_TRUE(read_file(gathered) == bytes);
    const Json done = report();
    ASSERT_TRUE(done.is_object());
    EXPECT_GT(done["chunks_moved"], 0);
    EXPECT_EQ(done["chunks_written"], 101);
    EXPECT_EQ(done["warnings"].size(), 1U);
    const Json manifest = Json::parse(read_file(root / "0/manifest.json"), nullptr, false);
    ASSERT_TRUE(manifest.is_object());
    EXPECT_EQ(manifest["moved"].size(), done["chunks_moved"]);
  }
  std::optional<Arguments> prefix;
  fs::path gathered = temporary / "gathered";
};

TEST_F(Reroute, moves_the_chunks_of_a_full_disk) { expect_rerouted({"--reroute"}); }

TEST_F(Reroute, moves_the_chunks_of_a_full_stripe) {
  expect_rerouted({"--reroute", "--layout", "stripes"});
}

TEST_F(Reroute, moves_the_chunks_of_a_stream_that_were_damaged_as_well) {
  const fs::path text = source;
  source = temporary / "fifo";
  ASSERT_EQ(run({{"mkfifo", source}}).exit_code, 0);
  Process writer{
      shell(R"((head -c 3000000 "$1"; sleep 0.3; tail -c +3000001 "$1") > "$2")", {text, source})};
  expect_rerouted({"--reroute", "--fault", "corrupt=9:2"});
}

// It prints what the blocking script prints: the status is False, and the worker says why.
TEST_F(Reroute, has_the_worker_say_what_it_cannot_write_if_verbose) {
  const Finished finished = run_full(R"("$@")", job(4, {"--reroute", "-v"}));
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  const auto failed =
      lines_like(finished.out,
                 "Worker 2: Error - '.*/dest/2/chunk_[0-9]+\\.bin': .*: No space left on device");
  EXPECT_GE(failed, 1) << finished.out;
  EXPECT_EQ(lines_like(finished.out, "Master: Received status False\\."), failed) << finished.out;
  EXPECT_EQ(lines_like(finished.out, "(Worker [13]|Master): Error - .*"), 0) << finished.out;
}

TEST_F(Reroute, ends_the_job_when_nobody_can_write) {
  destination = root / "2/{rank}";
  const Finished finished = run_full(R"("$@")", job(4, {"--reroute"}));
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1) << describe(finished);
  EXPECT_TRUE(finished.left.empty()) << describe(finished);
}

TEST_F(Reroute, is_not_what_happens_by_default_and_more_space_lets_the_job_go_on) {
  // How much space a stream needs is not known in advance.
  const fs::path text = source;
  source = temporary / "fifo";
  ASSERT_EQ(run({{"mkfifo", source}}).exit_code, 0);
  const std::string pour = "cat '" + text.string() + "' > '" + source.string() + "' & \n";
  const Finished finished = run_full("export MPIFERRY_RESUME=1\n" + pour + R"(
         "$@"; test $? = 4 || exit 98
         mount -o remount,size=64m "$directory"
         )" + pour + R"(exec "$@")",
                                     job(4));
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1) << "of the first" << describe(finished);
  EXPECT_NE(finished.err.find("rank 2 ("), std::string::npos);
  EXPECT_NE(finished.err.find("No space left on device"), std::string::npos);
  EXPECT_NE(finished.err.find("continues from there"), std::string::npos) << finished.err;
  const Json done = report();
  EXPECT_GT(done["chunks_kept"], 0);
  EXPECT_EQ(done["chunks_kept"].get<int>() + done["chunks_sent"].get<int>(), 101);
}

}  // namespace
}  // namespace mpiferry::e2e
