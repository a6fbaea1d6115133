// A destination that cannot take the chunks, on one worker or on all, ends the job with exit
// code 4; what another job has left there stays unless --force says otherwise.
#include <csignal>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

class Destination : public JobTest {
 protected:
  // Every rank has a directory of its own, DEST/{rank}.
  void spread() {
    root = temporary / "dest";
    destination = root / "{rank}";
    fs::create_directory(root);
  }
  // Runs the job behind a command that mounts something that only the job sees. `script` gets the
  // directory of rank 2 as $1 and the job's words after it; what the directory has after the job is
  // copied to `inside`.
  Finished run_mounted(const Arguments& prefix, const std::string& mount, const Command& job) {
    fs::create_directory(root / "2");
    Command command = shell(mount + R"( || exit 99
        directory=$1; copy=$2; shift 2; "$@"; code=$?
        cp -a "$directory" "$copy" || exit 98
        exit $code)",
                            {root / "2", inside});
    command.words.insert(command.words.end(), job.words.begin(), job.words.end());
    return run(prefixed(prefix, command));
  }
  const fs::path inside = temporary / "inside";
};

TEST_F(Destination, that_is_a_file_is_refused) {
  make_source(200'000);
  write_file(destination, "mine");
  expect_failed(run_job(3), 4, "Not a directory");
  EXPECT_EQ(read_file(destination), "mine");
}

TEST_F(Destination, below_a_file_is_refused) {
  make_source(200'000);
  write_file(destination, "mine");
  destination /= "further/down";
  expect_failed(run_job(3), 4, "Not a directory");
}

TEST_F(Destination, that_is_a_file_on_one_worker_is_refused_before_a_byte_is_sent) {
  make_source(2'000'000);
  spread();
  write_file(root / "2", "mine");
  const Finished finished = run_job(4);
  expect_failed(finished, 4, "rank 2 (");
  EXPECT_NE(finished.err.find("/dest/2'"), std::string::npos) << finished.err;
  EXPECT_TRUE(chunks_below(root).empty());
  EXPECT_EQ(read_file(root / "2"), "mine");
}

TEST_F(Destination, without_permission_on_one_worker_is_refused) {
  const auto prefix = without_override();
  if (!prefix) GTEST_SKIP() << "root here may write everywhere, and setpriv does not help";
  make_source(200'000);
  spread();
  fs::create_directory(root / "1");
  fs::permissions(root / "1", fs::perms::owner_read | fs::perms::owner_exec);
  expect_failed(run(prefixed(*prefix, job(3))), 4, "rank 1 (");
  EXPECT_TRUE(chunks_below(root).empty());
}

TEST_F(Destination, that_is_read_only_on_one_worker_is_refused) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  make_source(200'000);
  spread();
  const Finished finished =
      run_mounted(*prefix, R"(mount --bind "$1" "$1" && mount -o remount,bind,ro "$1")", job(4));
  expect_failed(finished, 4, "rank 2 (");
  EXPECT_NE(finished.err.find("Read-only file system"), std::string::npos) << finished.err;
  EXPECT_TRUE(chunks_below(root).empty());
}

TEST_F(Destination, that_is_too_small_for_one_workers_share_is_found_before_the_first_byte) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  make_source(100 * chunk_size);
  spread();
  const Finished finished = run_mounted(*prefix, R"(mount -t tmpfs -o size=1m ferry "$1")", job(4));
  expect_failed(finished, 4, "rank 2 (");
  EXPECT_NE(finished.err.find("bytes are to be written there"), std::string::npos) << finished.err;
  EXPECT_TRUE(chunks_below(root).empty());
}

// Before they go there is no space for the job lock either.
TEST_F(Destination, that_is_full_of_another_jobs_files_is_taken_by_force) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  make_source(200'000);
  spread();
  const std::string mount =
      R"(mount -t tmpfs -o size=1m ferry "$1" && { cat /dev/zero >"$1/chunk_7.bin" 2>/dev/null; :; })";
  for (const fs::path& where : {destination, root / "2"}) {  // one worker's, or everybody's
    destination = where;
    const Finished finished = run_mounted(*prefix, mount, job(3, {"--force"}));
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_FALSE(fs::exists(inside / "chunk_7.bin"));
    EXPECT_TRUE(unfinished_below(inside).empty());
    for (const char* left : {"0", "1", "2"}) fs::remove_all(root / left);
    fs::remove_all(inside);
  }
}

TEST_F(Destination, that_is_too_small_for_one_file_says_how_much_is_needed_and_free) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  make_source(100 * chunk_size);
  spread();
  destination = root / "2";
  const Finished finished =
      run_mounted(*prefix, R"(mount -t tmpfs -o size=1m ferry "$1")", job(3, {"--layout", "file"}));
  expect_failed(finished, 4, "6553600 bytes are to be written there, and 1");
}

// Nobody knows how much space a stream needs.
TEST_F(Destination, that_is_full_on_one_worker_is_an_error_that_leaves_no_part) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  make_source(100 * chunk_size);
  spread();
  const fs::path file = source;
  source = temporary / "fifo";
  const std::string mount = "mount -t tmpfs -o size=1m ferry \"$1\" && mkfifo '" + source.string() +
                            "' && { cat '" + file.string() + "' >'" + source.string() + "' & }";
  const Finished finished = run_mounted(*prefix, mount, job(4));
  source = file;
  expect_failed(finished, 4, "rank 2 (");
  EXPECT_NE(finished.err.find("No space left on device"), std::string::npos) << finished.err;
  // This is what rank 2 wrote to its small disk.
  root = inside;
  EXPECT_GE(chunks_below(root).size(), 1U);
  expect_nothing_unfinished();
}

TEST_F(Destination, with_another_jobs_files_is_refused_and_left_alone) {
  chunk_size = 4096;
  make_source(20 * chunk_size);
  expect_moved(run_job(3));
  const std::string manifest = read_file(destination / "manifest.json");
  const auto files = files_below(root);

  const std::string first = bytes;
  make_source(5 * chunk_size + 1);
  const Finished finished = run_job(4);
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1) << describe(finished);
  EXPECT_NE(finished.err.find("--force"), std::string::npos) << finished.err;
  EXPECT_EQ(report()["verdict"], "dest_occupied");
  EXPECT_EQ(files_below(root), files);
  EXPECT_EQ(read_file(destination / "manifest.json"), manifest);
  EXPECT_TRUE(concatenate_chunks(destination) == first);
}

TEST_F(Destination, with_a_larger_jobs_files_holds_none_of_them_after_force) {
  chunk_size = 4096;
  make_source(20 * chunk_size);
  expect_moved(run_job(3));
  write_file(destination / "chunk_99.txt", "mine");
  bytes = random_bytes(5 * chunk_size + 1, 7);
  write_file(source, bytes);
  expect_moved(run_job(4, {"--force"}));
  EXPECT_EQ(chunks_below(root), (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(read_file(destination / "chunk_99.txt"), "mine");
  if (have_xxhsum()) expect_sums_accepted();
}

TEST_F(Destination, with_a_directory_that_has_one_of_its_names_keeps_all_with_force_and_resume) {
  make_source(10 * chunk_size);
  expect_moved(run_job(3));
  fs::create_directory(destination / "chunk_77.bin");
  const auto files = files_below(root);
  for (const char* how : {"--force", "--resume"}) {
    const Finished refused = run_job(3, {how});
    EXPECT_EQ(refused.exit_code, 4) << describe(refused);
    EXPECT_EQ(error_lines(refused), 1);
    EXPECT_NE(refused.err.find("chunk_77.bin': is a directory"), std::string::npos) << refused.err;
    EXPECT_EQ(files_below(root), files) << how;
  }
}

TEST_F(Destination, of_one_worker_with_another_jobs_files_is_refused_until_forced) {
  make_source(10 * chunk_size);
  spread();
  fs::create_directory(root / "2");
  write_file(root / "2/chunk_77.bin", "another's");
  Finished finished = run_job(3);
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1) << describe(finished);
  EXPECT_EQ(chunks_below(root), std::vector<std::uint64_t>{77});
  expect_moved(run_job(3, {"--force"}));
}

TEST_F(Destination, belongs_to_the_job_that_came_first) {
  chunk_size = 4096;
  make_source(40 * chunk_size);
  Process first{job(3, {"--window", "1", "--fault", "delay=50000"})};
  ASSERT_TRUE(eventually([this] { return !chunks_below(root).empty(); }));
  Command late = scatter(3, {"--chunk-size", "4096", source, destination});
  const Finished second = run(late);
  EXPECT_EQ(second.exit_code, 4) << describe(second);
  EXPECT_EQ(error_lines(second), 1) << describe(second);
  EXPECT_NE(second.err.find("a job is running here"), std::string::npos) << second.err;
  expect_moved(first.wait());
}

TEST_F(Destination, belongs_to_one_of_two_jobs_that_start_together) {
  chunk_size = 4096;
  make_source(100 * chunk_size);
  for (int round = 0; round < 3; ++round) {
    root = destination = temporary / ("dest" + std::to_string(round));
    Command one =
        scatter(2, {"--chunk-size", "4096", "--json", temporary / "one", source, destination});
    Command two =
        scatter(3, {"--chunk-size", "4096", "--json", temporary / "two", source, destination});
    Process first{one};
    Process second{two};
    const Finished a = first.wait();
    const Finished b = second.wait();
    EXPECT_EQ(a.exit_code + b.exit_code, 4) << describe(a) << describe(b);
    EXPECT_EQ(a.exit_code * b.exit_code, 0) << describe(a) << describe(b);
    report_path = temporary / (a.exit_code == 0 ? "one" : "two");
    expect_moved(a.exit_code == 0 ? a : b);
    EXPECT_EQ(error_lines(a) + error_lines(b), 1);
  }
}

// DEST/{rank} of the one leads into DEST/{rank} of the other: into its rank 0's, or a worker's.
TEST_F(Destination, of_one_worker_belongs_to_the_job_that_came_first) {
  chunk_size = 4096;
  make_source(60 * chunk_size);
  spread();
  Process first{job(3, {"--window", "1", "--fault", "delay=120000"})};
  ASSERT_TRUE(eventually([this] { return chunks_below(root).size() > 2; }));
  const fs::path other = temporary / "other";
  fs::create_directory(other);
  for (const auto& [theirs, option] :
       {std::pair{"0", "--force"}, std::pair{"1", "--force"}, std::pair{"1", "--resume"}}) {
    fs::remove(other / "1");
    fs::create_directory_symlink(root / theirs, other / "1");
    const Finished late =
        run(scatter(2, {option, "--chunk-size", "4096", source, other / "{rank}"}));
    EXPECT_EQ(late.exit_code, 4) << describe(late);
    EXPECT_EQ(error_lines(late), 1) << describe(late);
    EXPECT_NE(late.err.find("rank 1 ("), std::string::npos) << late.err;
    EXPECT_NE(late.err.find("a job is running here"), std::string::npos) << late.err;
  }
  expect_moved(first.wait());
  EXPECT_TRUE(unfinished_below(root).empty()) << ::testing::PrintToString(unfinished_below(root));
  EXPECT_TRUE(unfinished_below(other).empty()) << ::testing::PrintToString(unfinished_below(other));
}

// They hold one job lock, and it goes with the last of them.
TEST_F(Destination, that_workers_share_without_rank_0_is_taken_from_a_killed_job) {
  chunk_size = 4096;
  make_source(60 * chunk_size);
  for (const char* option : {"--force", "--resume"}) {
    fs::remove_all(root);
    spread();
    fs::create_directory(root / "1");
    for (const char* rank : {"2", "3", "4"}) fs::create_directory_symlink("1", root / rank);
    Process killed{job(5, {"--window", "1", "--fault", "delay=50000"})};
    ASSERT_TRUE(eventually([this] { return chunks_below(root).size() > 4; }));
    for (const pid_t pid : killed.ranks()) ::kill(pid, SIGKILL);
    killed.wait();
    EXPECT_TRUE(fs::exists(root / "1/.mpiferry.job"));
    const Finished refused = run_job(5);
    EXPECT_EQ(refused.exit_code, 4) << describe(refused);
    const Finished done = run_job(5, {option});
    EXPECT_EQ(done.exit_code, 0) << describe(done);
    EXPECT_TRUE(concatenate_chunks(root / "1") == bytes);
    EXPECT_TRUE(unfinished_below(root).empty()) << ::testing::PrintToString(unfinished_below(root));
  }
}

TEST_F(Destination, of_a_killed_job_is_refused_until_forced) {
  make_source(100 * chunk_size);
  Process killed{job(3, {"--window", "1", "--fault", "delay=50000"})};
  ASSERT_TRUE(eventually([this] { return chunks_below(root).size() > 2; }));
  for (const pid_t pid : killed.ranks()) ::kill(pid, SIGKILL);
  killed.wait();
  expect_right_chunks();
  EXPECT_FALSE(fs::exists(destination / "manifest.json"));
  const Finished refused = run_job(3);
  EXPECT_EQ(refused.exit_code, 4) << describe(refused);
  EXPECT_EQ(error_lines(refused), 1) << describe(refused);
  expect_moved(run_job(3, {"--force"}));
}

}  // namespace
}  // namespace mpiferry::e2e
