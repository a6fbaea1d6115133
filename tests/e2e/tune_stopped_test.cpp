// mpiferry tune ends in order after signals, and when ranks do not come.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <system_error>

#include <gtest/gtest.h>

#include "tests/e2e/tune.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

// By a signal that stops.
bool is_stopped(pid_t pid) {
  const std::string status = read_file(fs::path{"/proc"} / std::to_string(pid) / "stat");
  return status.find(") T ") != std::string::npos;
}

TEST_F(Tune, interrupted_ends_with_130_and_leaves_nothing) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Command command = tune(3, {"--budget", "0"}, "64M", "100");
    // mpirun's own status is a race inside of hydra: each rank notes its own.
    command.words.insert(
        command.words.begin() + 3,
        {"sh", "-c", R"(trap : INT TERM; notes=$1; shift; "$@"; echo $? > "$notes/$PMI_RANK")",
         "sh", temporary.path()});
    Process running{command};
    ASSERT_TRUE(eventually([this] { return everything_below(destination).size() > 10; }));
    nap(300ms);
    running.signal(signal);
    EXPECT_TRUE(eventually([&] { return running.ranks().empty(); }, 10s));
    const Finished finished = running.wait();
    for (const char* rank : {"0", "1", "2"}) {
      EXPECT_EQ(read_file(temporary / rank), "130\n") << describe(finished);
    }
    EXPECT_EQ(error_lines(finished), 1) << describe(finished);
    EXPECT_NE(finished.err.find("no profile was written"), std::string::npos) << describe(finished);
    expect_nothing_left();
    expect_no_profile();
    const Json said = json_of(report_path);
    EXPECT_EQ(said["verdict"], "interrupted");
    EXPECT_EQ(said["exit_code"], 130);
    EXPECT_EQ(said["complete"], false);
  }
}

TEST_F(Tune, interrupted_while_the_sample_is_made_leaves_nothing) {
  Process running{tune(3, {}, "8G")};
  ASSERT_TRUE(eventually([this] { return everything_below(sources).size() > 1; }));
  running.signal(SIGINT);
  EXPECT_TRUE(eventually([&] { return running.ranks().empty(); }, 10s));
  const Finished finished = running.wait();
  EXPECT_EQ(error_lines(finished), 1) << describe(finished);
  EXPECT_NE(finished.err.find("interrupted (SIGINT)"), std::string::npos) << describe(finished);
  expect_nothing_left();
  expect_no_profile();
}

// A rank that stops outside of the jobs, and then Ctrl-C.
class TuneStopped : public Tune {
 protected:
  // Each rank notes its process.
  Command noted(Command command) const {
    command.words.insert(
        command.words.begin() + 3,
        {"sh", "-c", R"(echo $$ > "$1/pid$PMI_RANK"; shift; exec "$@")", "sh", temporary.path()});
    return command;
  }
  void stop(int rank) const {
    const std::string text = read_file(temporary / ("pid" + std::to_string(rank)));
    ASSERT_FALSE(text.empty());
    ASSERT_EQ(::kill(std::stoi(text), SIGSTOP), 0);
  }
  bool sample_begun() const { return everything_below(sources).size() > 1; }
  void expect_gone(Process& running, int missing) const {
    expect_interrupted(running, "rank " + std::to_string(missing) + " did not reach the barrier ");
  }
  // In time, with one message that has these words too, and with nothing left.
  void expect_interrupted(Process& running, const std::string& message) const {
    EXPECT_TRUE(eventually([&] { return running.ranks().empty(); }, 10s));
    const Finished finished = running.wait();
    EXPECT_NE(finished.exit_code, 0) << describe(finished);
    EXPECT_EQ(error_lines(finished), 1) << describe(finished);
    for (const std::string& words : {std::string{"interrupted (SIGINT)"}, message}) {
      EXPECT_NE(finished.err.find(words), std::string::npos) << words << '\n' << describe(finished);
    }
    EXPECT_TRUE(finished.left.empty()) << describe(finished);
    expect_nothing_left();
    expect_no_profile();
    const Json said = json_of(report_path);
    EXPECT_EQ(said["verdict"], "interrupted");
    EXPECT_EQ(said["exit_code"], 130);
  }
};

TEST_F(TuneStopped, while_the_sample_is_made_does_not_swallow_a_signal) {
  Process running{noted(tune(3, {}, "8G"))};
  ASSERT_TRUE(eventually([this] { return sample_begun(); }));
  nap(200ms);
  stop(2);
  running.signal(SIGINT);
  expect_gone(running, 2);
}

TEST_F(TuneStopped, and_waited_for_does_not_swallow_a_signal) {
  Process running{noted(tune(4, {}, "384M"))};
  ASSERT_TRUE(eventually([this] { return sample_begun(); }));
  stop(1);
  // The sample is whole, and rank 0 waits.
  ASSERT_TRUE(eventually(
      [this] {
        std::uintmax_t size = 0;
        std::error_code gone;
        for (const auto& entry : fs::directory_iterator{sources}) {
          size = std::max(size, entry.file_size(gone));
        }
        return size == (std::uintmax_t{384} << 20U);
      },
      30s));
  nap(1500ms);
  running.signal(SIGINT);
  expect_gone(running, 1);
}

// Rank 2 stops at the N-th of its calls of MPI that may wait for others: in each of the meetings at
// the start, and when it enters the first job.
constexpr int kFirstCallOfJobs = 13;
class TuneStoppedAt : public TuneStopped, public ::testing::WithParamInterface<int> {};

TEST_P(TuneStoppedAt, does_not_swallow_a_signal) {
  const int call = GetParam();
  Command command = tune(3);
  std::ranges::replace(command.words, std::string{MPIFERRY_BINARY}, std::string{MPIFERRY_STOPPING});
  command.environment.insert(command.environment.end(),
                             {{"FERRY_STOP_RANK", "2"}, {"FERRY_STOP_AT", std::to_string(call)}});
  Process running{noted(command)};
  const auto stopped = [this] {
    const std::string pid = read_file(temporary / "pid2");
    return !pid.empty() && is_stopped(std::stoi(pid));
  };
  ASSERT_TRUE(eventually(stopped)) << "call " << call << " was never made";
  nap(300ms);  // the others come to where they wait for it
  running.signal(SIGINT);
  if (call < kFirstCallOfJobs) {
    expect_gone(running, 2);
  } else {
    expect_interrupted(running, {});
  }
}

INSTANTIATE_TEST_SUITE_P(, TuneStoppedAt, ::testing::Values(1, 2, 4, 6, 8, 11, kFirstCallOfJobs),
                         [](const auto& test) { return "call_" + std::to_string(test.param); });

}  // namespace
}  // namespace mpiferry::e2e
