// Where FILE may be, and what becomes of it when a gather cannot go on.
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/e2e/retrieval_job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

class Gather : public RetrievalTest {
 protected:
  Gather() { chunk_size = 4096; }
  void make_scattered(std::uint64_t chunks = 60) { scatter_bytes(chunks * chunk_size + 9, 3); }
};

TEST_F(Gather, says_what_it_did) {
  make_scattered();
  const Finished finished = run(gather(3));
  expect_gathered(finished);
  EXPECT_NE(finished.out.find("in 61 chunks from 2 workers"), std::string::npos) << finished.out;
  const Json said = report();
  EXPECT_NE(finished.out.find("xxh128: " + said["digest_xxh128"].get<std::string>()),
            std::string::npos)
      << finished.out;
  fs::remove(target);
  EXPECT_EQ(run(gather(2, {"-q"})).output(), "");
}

TEST_F(Gather, leaves_a_file_that_is_there_unless_it_is_told_to_replace_it) {
  make_scattered();
  write_file(target, "mine");
  const Finished finished = run(gather(3));
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_NE(line_with(finished.err, "it exists already"), "") << describe(finished);
  EXPECT_EQ(read_file(target), "mine");
  EXPECT_FALSE(fs::exists(partial_file()));
  expect_gathered(run(gather(3, {"--force"})));
}

TEST_F(Gather, refuses_a_directory_even_if_it_is_told_to_replace_it) {
  make_scattered();
  fs::create_directory(target);
  const Finished finished = run(gather(2, {"--force"}));
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_NE(line_with(finished.err, "Is a directory"), "") << describe(finished);
  EXPECT_TRUE(fs::is_directory(target));
  EXPECT_FALSE(fs::exists(partial_file()));
}

TEST_F(Gather, makes_no_directory_for_the_file) {
  make_scattered();
  target = temporary / "nowhere/target";
  expect_not_gathered(run(gather(3)), 4, "No such file or directory");
  EXPECT_FALSE(fs::exists(temporary / "nowhere"));
}

TEST_F(Gather, never_writes_through_a_link_that_has_the_name_of_its_part) {
  make_scattered();
  const fs::path victim = temporary / "victim";
  write_file(victim, "mine");
  fs::create_symlink(victim, partial_file());
  expect_gathered(run(gather(2, {"--force"})));
  EXPECT_EQ(read_file(victim), "mine");
}

TEST_F(Gather, makes_the_file_with_the_users_umask) {
  make_scattered(3);
  const mode_t before = ::umask(027);
  const Finished finished = run(gather(2));
  ::umask(before);
  expect_gathered(finished);
  EXPECT_EQ(fs::status(target).permissions(), static_cast<fs::perms>(0640));
}

TEST_F(Gather, leaves_a_file_alone_that_has_the_name_of_the_target_and_part) {
  make_scattered();
  const fs::path download = target.string() + ".part";
  write_file(download, "a browser's");
  gather_with(3);
  gather_with(2, {"--force"});
  EXPECT_EQ(read_file(download), "a browser's");
}

TEST_F(Gather, refuses_to_replace_what_it_reads) {
  make_scattered();
  for (const char* name :
       {"chunk_0.bin", "chunk_999.bin", "manifest.json", "XXH3SUMS", "Chunk_0.BIN"}) {
    const fs::path mine = destination / name;
    const std::string before = fs::exists(mine) ? read_file(mine) : "none";
    target = temporary / "link" / name;
    if (!fs::exists(target.parent_path())) fs::create_symlink(destination, target.parent_path());
    const Finished finished = run(gather(0, {"--force"}));
    EXPECT_EQ(finished.exit_code, 2) << describe(finished);
    EXPECT_NE(line_with(finished.err, "a name of the files that are gathered"), "")
        << describe(finished);
    EXPECT_EQ(fs::exists(mine) ? read_file(mine) : "none", before);
  }
  target = destination / "copy";
  expect_gathered(run(gather(0)));
  fs::create_directory(temporary / "elsewhere");
  target = temporary / "elsewhere" / "chunk_0.bin";
  expect_gathered(run(gather(0)));
}

TEST_F(Gather, names_a_directory_that_cannot_be_read) {
  const auto prefix = without_override();
  if (!prefix) GTEST_SKIP() << "permissions do not hold here";
  destination /= "{rank}";
  make_scattered();
  fs::permissions(root / "2", fs::perms::none);
  const Finished gathered = run(prefixed(*prefix, gather(3)));
  expect_not_gathered(gathered, 3, "/2': open: Permission denied");
  EXPECT_NE(line_with(gathered.err, "check who may read there"), "") << describe(gathered);
  const Finished verified = run(prefixed(*prefix, verify(3)));
  EXPECT_EQ(verified.exit_code, 3) << describe(verified);
  EXPECT_NE(line_with(verified.err, "/2': open: Permission denied"), "") << describe(verified);
  fs::permissions(root / "2", fs::perms::owner_all);
}

TEST_F(Gather, into_a_file_that_another_one_writes_is_refused) {
  make_scattered();
  write_file(partial_file(), "another's");
  const int other = ::open(partial_file().c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(other, LOCK_EX | LOCK_NB), 0);
  const Finished finished = run(gather(2));
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_NE(line_with(finished.err, "another job is writing it"), "") << describe(finished);
  EXPECT_EQ(read_file(partial_file()), "another's");
  ::close(other);
  gather_with(2);  // now it is a dead job's
}

TEST_F(Gather, that_does_not_fit_on_the_disk_leaves_nothing) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  make_scattered(600);
  fs::create_directory(temporary / "small");
  target = temporary / "small/target";
  const Command inner = gather(3);
  Arguments words{temporary / "small"};
  words.insert(words.end(), inner.words.begin(), inner.words.end());
  Command mounted = shell(
      R"(mount -t tmpfs -o size=1m ferry "$1" && d=$1 && shift && "$@"; code=$?; ls -A "$d"; exit $code)",
      words);
  const Finished finished = run(prefixed(*prefix, mounted));
  expect_not_gathered(finished, 4, "No space left on device");
  EXPECT_EQ(finished.out, "") << "the small disk is empty again";
}

TEST_F(Gather, without_a_manifest_says_so_at_once) {
  fs::create_directory(destination);
  const Finished finished = run(gather(3));
  expect_not_gathered(finished, 3, "manifest.json': open: No such file or directory");
  EXPECT_LT(finished.time.count(), 3.0);
  destination = temporary / "elsewhere";
  expect_not_gathered(run(gather(1)), 3, "elsewhere");
}

TEST_F(Gather, of_what_was_damaged_on_the_way_asks_again) {
  make_scattered();
  expect_gathered(run(gather(3, {"--fault", "corrupt=7:3"})));
  EXPECT_GE(report()["chunks_corrupt"], 1);
  EXPECT_EQ(report()["chunks_resent"], report()["chunks_corrupt"]);
  fs::remove(target);
  expect_not_gathered(run(gather(3, {"--fault", "corrupt=1", "--retries", "2"})), 5,
                      "arrived damaged 3 times");
}

TEST_F(Gather, names_a_worker_that_does_not_answer) {
  make_scattered();
  const Finished finished =
      run(gather(3, {"--fault", "stall=2:3", "--stall-timeout", "1", "--window", "4"}));
  expect_not_gathered(finished, 6, "rank 2 (");
  EXPECT_NE(line_with(finished.err, "requests unanswered, last answer"), "") << describe(finished);
  EXPECT_LT(finished.time.count(), 6.0);
}

TEST_F(Gather, keeps_to_its_memory) {
  chunk_size = 1 << 20;
  scatter_bytes(40 * chunk_size, 3);
  gather_with(3, {"--memory", "4M"});
  EXPECT_LE(report()["peak_master_buffers"], 4);
  gather_with(1, {"--memory", "1M"});  // two chunks at least
  EXPECT_LE(report()["peak_master_buffers"], 2);
}

TEST_F(Gather, that_is_interrupted_leaves_no_file_and_no_part) {
  make_scattered(300);
  for (const int signal : {SIGINT, SIGTERM}) {
    Process running{gather(3, {"--fault", "delay=50000"})};
    ASSERT_TRUE(eventually([this] { return fs::exists(partial_file()); }));
    nap(150ms);
    running.signal(signal);
    EXPECT_TRUE(eventually([&] { return running.ranks().empty(); }, 2000ms));
    const Finished finished = running.wait();
    EXPECT_EQ(error_lines(finished), 1) << describe(finished);
    EXPECT_TRUE(finished.left.empty());
    EXPECT_EQ(report()["verdict"], "interrupted");
    EXPECT_EQ(report()["exit_code"], 130);
    EXPECT_FALSE(fs::exists(target));
    EXPECT_FALSE(fs::exists(partial_file()));
  }
}

// Every worker is in the middle of a chunk then, that is too large for MPI to take on its own.
TEST_F(Gather, of_large_chunks_that_is_interrupted_ends_at_once) {
  chunk_size = 4 << 20;
  make_scattered(5);
  Process running{gather(3, {"--fault", "delay=700000"})};
  ASSERT_TRUE(eventually([this] { return fs::exists(partial_file()); }));
  nap(300ms);
  running.signal(SIGINT);
  EXPECT_TRUE(eventually([&] { return running.ranks().empty(); }, 5000ms));
  const Finished finished = running.wait();
  EXPECT_EQ(finished.exit_code, 130) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1) << describe(finished);
  EXPECT_TRUE(finished.left.empty()) << describe(finished);
}

TEST_F(Gather, leaves_a_file_that_has_come_meanwhile_and_names_it_as_it_was_named) {
  make_scattered(60);
  Command command = gather(3, {"--fault", "delay=10000", "--window", "1"});
  command.directory = temporary.path();
  command.words.back() = "target";
  Process running{command};
  ASSERT_TRUE(eventually([this] { return fs::exists(partial_file()); }));
  write_file(target, "mine");
  const Finished finished = running.wait();
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_NE(line_with(finished.err, "'target': a file of this name appeared"), "")
      << describe(finished);
  EXPECT_NE(line_with(finished.err, "--force"), "") << describe(finished);
  EXPECT_EQ(read_file(target), "mine");
  EXPECT_FALSE(fs::exists(partial_file()));
}

TEST_F(Gather, that_is_killed_leaves_no_file_and_the_next_one_makes_it) {
  make_scattered(300);
  Process running{gather(3, {"--fault", "delay=50000"})};
  ASSERT_TRUE(eventually([this] { return fs::exists(partial_file()); }));
  nap(150ms);
  for (const pid_t rank : running.ranks()) ::kill(rank, SIGKILL);
  const Finished finished = running.wait();
  EXPECT_NE(finished.exit_code, 0);
  EXPECT_FALSE(fs::exists(target));
  gather_with(2);
  EXPECT_FALSE(fs::exists(partial_file()));
}

}  // namespace
}  // namespace mpiferry::e2e
