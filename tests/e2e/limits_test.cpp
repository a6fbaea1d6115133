// Limits of open files, which say nothing of chunks, and nothing of other jobs.
#include <filesystem>
#include <string>
#include <sys/resource.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/e2e/retrieval_job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

class OpenFiles : public RetrievalTest {
 protected:
  OpenFiles() { chunk_size = 4096; }

  static Finished run_with_limit(int files, const Command& command) {
    return run(prefixed(
        {"sh", "-c", R"(ulimit -n "$1"; shift; exec "$@")", "sh", std::to_string(files)}, command));
  }
  // From now on the processes may open nothing more.
  static void take_descriptors(const std::vector<pid_t>& processes) {
    const rlimit few{10, 1024};
    for (const pid_t process : processes) {
      EXPECT_EQ(::prlimit(process, RLIMIT_NOFILE, &few, nullptr), 0);
    }
  }
  static bool is_rank_0(pid_t process) {
    const std::string variables = read_file("/proc/" + std::to_string(process) + "/environ");
    return variables.find(std::string{"PMI_RANK=0"} + '\0') != std::string::npos;
  }
  // MPI needs some itself, and says so in its own words, with its own status, where it gets none.
  void expect_refused_or_done(const Finished& finished, int files) {
    SCOPED_TRACE(files);
    if (error_lines(finished) == 0) {
      const bool of_mpich = finished.exit_code == 15;  // now and then without a word
      EXPECT_TRUE(finished.exit_code == 0 || of_mpich || !finished.err.empty())
          << describe(finished);
      EXPECT_NE(finished.exit_code, 70) << describe(finished);
      EXPECT_LT(finished.time.count(), 30.0) << describe(finished);
      return;
    }
    ++refused;
    EXPECT_EQ(finished.exit_code, 2) << describe(finished);
    EXPECT_EQ(error_lines(finished), 1) << describe(finished);
    EXPECT_NE(finished.err.find("ulimit -n"), std::string::npos) << describe(finished);
  }
  int refused = 0;
};

TEST_F(OpenFiles, of_a_retrieval_are_counted_before_it_begins) {
  scatter_bytes(20 * chunk_size, 3);
  for (int files = 24; files < 80; files += 3) {
    for (const int ranks : {0, 3}) {
      expect_refused_or_done(run_with_limit(files, verify(ranks)), files);
      expect_refused_or_done(run_with_limit(files, gather(ranks)), files);
      fs::remove(target);
    }
  }
  EXPECT_GT(refused, 0);
}

TEST_F(OpenFiles, of_a_scatter_are_counted_before_it_begins) {
  make_source(20 * chunk_size);
  for (int files = 24; files < 90; files += 3) {
    const Finished finished = run_with_limit(files, job(3));
    expect_refused_or_done(finished, files);
    if (finished.exit_code == 0) {
      expect_moved(finished);
    } else {
      EXPECT_FALSE(fs::exists(destination / ".mpiferry.job")) << describe(finished);
    }
    fs::remove_all(destination);
  }
  EXPECT_GT(refused, 0);
}

// In mid-job rank 0 may open nothing more: its job lock is still its own.
TEST_F(OpenFiles, that_run_out_do_not_make_a_job_another) {
  if (kSanitized) GTEST_SKIP() << "Clang's check of types opens a pipe to look at an address";
  make_source(20 * chunk_size);
  Process running{job(2, {"--fault", "delay=100000", "--window", "1"})};
  ASSERT_TRUE(eventually([&] { return fs::exists(chunk_path(destination, 1)); }));
  std::vector<pid_t> masters = running.ranks();
  std::erase_if(masters, [](pid_t rank) { return !is_rank_0(rank); });
  take_descriptors(masters);
  const Finished finished = running.wait();
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_EQ(finished.err.find("another job"), std::string::npos) << describe(finished);
  EXPECT_NE(finished.err.find("Too many open files"), std::string::npos) << describe(finished);
  EXPECT_NE(finished.err.find("ulimit -n"), std::string::npos) << describe(finished);
  EXPECT_FALSE(fs::exists(destination / ".mpiferry.job"));
}

// Chunks that no rank may open may well be whole.
TEST_F(OpenFiles, that_run_out_do_not_make_a_chunk_damaged) {
  if (kSanitized) GTEST_SKIP() << "Clang's check of types opens a pipe to look at an address";
  scatter_bytes(20 * chunk_size, 3);
  for (const int ranks : {2, 3}) {
    Process running{verify(ranks, {"--fault", "delay=200000", "--window", "1"})};
    ASSERT_TRUE(eventually([&] { return running.ranks().size() == static_cast<unsigned>(ranks); }));
    nap(500ms);
    take_descriptors(running.ranks());
    const Finished finished = running.wait();
    EXPECT_EQ(finished.exit_code, 2) << describe(finished);
    EXPECT_EQ(finished.output().find("damaged"), std::string::npos) << describe(finished);
    EXPECT_NE(finished.err.find("Too many open files"), std::string::npos) << describe(finished);
  }
}

}  // namespace
}  // namespace mpiferry::e2e
