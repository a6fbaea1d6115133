// Jobs that end when nobody expects it, in every layout, and the one that goes on.
#include <algorithm>
#include <csignal>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/retrieval_job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

class CutOff : public RetrievalTest {
 protected:
  void SetUp() override {
    chunk_size = 16384;
    make_source(100 * chunk_size + 9);
  }
  // A job that takes a second and a half, or twice that: long enough for another one to start.
  Command slow_job(const Arguments& arguments, const char* fault = "delay=30000") const {
    Arguments words{"--window", "1", "--fault", fault};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return job(3, words);
  }
  void expect_whole(const Finished& finished) const {
    ASSERT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_TRUE(unfinished_below(root).empty()) << ::testing::PrintToString(unfinished_below(root));
    const Json done = report();
    ASSERT_TRUE(done.is_object());
    EXPECT_GT(done["chunks_kept"], 0);
    EXPECT_EQ(done["chunks_kept"].get<int>() + done["chunks_sent"].get<int>(), 101);
    gather_with(2);
  }
};

class CutOffByKill : public CutOff, public ::testing::WithParamInterface<const char*> {};

// This kills the launcher, not a rank: the ranks become orphans, and must not continue to write.
TEST_P(CutOffByKill, of_mpirun_goes_on) {
  const Arguments layout{"--layout", GetParam()};
  Process running{slow_job(layout)};
  ASSERT_TRUE(eventually([this] { return fs::exists(root) && !files_below(root).empty(); }));
  nap(500ms);
  running.signal(SIGKILL);
  const Finished killed = running.wait();
  EXPECT_NE(killed.exit_code, 0);
  EXPECT_TRUE(killed.left.empty()) << describe(killed);
  EXPECT_FALSE(fs::exists(destination / "manifest.json"));
  expect_whole(run_job(3, {"--resume", "--layout", GetParam()}));
}

class CutOffByAFullDisk : public CutOff, public ::testing::WithParamInterface<const char*> {};

TEST_P(CutOffByAFullDisk, goes_on_when_there_is_space) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  fs::create_directory(root);
  const Command inner = job(3, {"--layout", GetParam()});
  Arguments words{root, target, MPIFERRY_MPIEXEC, MPIFERRY_BINARY};
  words.insert(words.end(), inner.words.begin(), inner.words.end());
  // A job that goes on is not refused for want of space: what is there may be all that is needed.
  const Command mounted = shell(R"(mount -t tmpfs -o size=1m ferry "$1" || exit 99
                                   root=$1 target=$2 mpiexec=$3 program=$4; shift 4
                                   export MPIFERRY_RESUME=1
                                   "$@"; test $? = 4 || exit 98
                                   test ! -e "$root/manifest.json" || exit 97
                                   mount -o remount,size=64m "$root"
                                   "$@" || exit
                                   "$mpiexec" -n 2 "$program" gather "$root" "$target")",
                                words);
  const Finished finished = run(prefixed(*prefix, mounted));
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1) << "of the first" << describe(finished);
  EXPECT_NE(finished.err.find("No space left on device"), std::string::npos) << describe(finished);
  EXPECT_TRUE(read_file(target) == bytes);
}

INSTANTIATE_TEST_SUITE_P(In, CutOffByKill, ::testing::Values("chunks", "stripes", "file"),
                         [](const auto& test) { return std::string{test.param}; });
INSTANTIATE_TEST_SUITE_P(In, CutOffByAFullDisk, ::testing::Values("chunks", "stripes", "file"),
                         [](const auto& test) { return std::string{test.param}; });

TEST_F(CutOff, and_gone_on_with_twice_at_once_one_is_refused) {
  {
    Process running{slow_job({})};
    ASSERT_TRUE(eventually([this] { return chunks_below(root).size() > 4; }));
    running.signal(SIGKILL);
    running.wait();
  }
  constexpr const char* kSlower = "delay=70000";
  Process one{slow_job({"--resume"}, kSlower)};
  Command second = slow_job({"--resume"}, kSlower);
  std::ranges::replace(second.words, report_path.string(), (temporary / "other.json").string());
  Process other{second};
  const Finished first = one.wait();
  const Finished last = other.wait();
  const Finished& refused = first.exit_code == 0 ? last : first;
  EXPECT_EQ(std::min(first.exit_code, last.exit_code), 0) << describe(first) << describe(last);
  EXPECT_EQ(refused.exit_code, 4) << describe(refused);
  EXPECT_EQ(error_lines(refused), 1) << describe(refused);
  EXPECT_NE(refused.err.find("a job is running here"), std::string::npos) << refused.err;
  expect_right_chunks();
  gather_with(2);
}

}  // namespace
}  // namespace mpiferry::e2e
