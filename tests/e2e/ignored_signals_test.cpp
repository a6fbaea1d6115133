// Signals that are no reason to end.
#include <csignal>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/retrieval_job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

// A gather without mpirun, whose reader waits in mid-file until it got its signal.
class IgnoredSignal : public RetrievalTest {
 protected:
  void expect_gathered_despite(int number, const std::string& trap) {
    scatter_bytes(20 * 65536 + 77, 3);  // more than a pipe holds
    target = "-";
    const fs::path copy = temporary / "copy";
    const fs::path begun = temporary / "begun";
    const fs::path go = temporary / "go";
    Arguments words{copy, begun, go};
    const Command inner = gather(0);
    words.insert(words.end(), inner.words.begin(), inner.words.end());
    Process running{shell("copy=$1 begun=$2 go=$3; shift 3; (" + trap + R"("$@") |
      { dd bs=1 count=1 status=none; touch "$begun"; until [ -e "$go" ]; do sleep 0.02; done; cat; } >"$copy")",
                          words)};
    ASSERT_TRUE(eventually([&] { return fs::exists(begun); }));
    for (const pid_t rank : running.ranks()) ::kill(rank, number);
    write_file(go, "");
    const Finished finished = running.wait();
    EXPECT_FALSE(finished.timed_out) << describe(finished);
    EXPECT_TRUE(read_file(copy) == bytes) << describe(finished);
    EXPECT_NE(finished.err.find("every chunk verified"), std::string::npos) << describe(finished);
    EXPECT_EQ(report()["exit_code"], 0);
  }
};

TEST_F(IgnoredSignal, of_nohup_stays_ignored) {
  expect_gathered_despite(SIGHUP, "trap '' HUP; exec ");
}

TEST_F(IgnoredSignal, of_a_background_job_stays_ignored) {
  expect_gathered_despite(SIGINT, "trap '' INT; exec ");
}

// Batch systems send it some time before the end.
TEST_F(IgnoredSignal, usr1_does_not_keep_a_lone_process) {
  expect_gathered_despite(SIGUSR1, "exec ");
}

}  // namespace
}  // namespace mpiferry::e2e
