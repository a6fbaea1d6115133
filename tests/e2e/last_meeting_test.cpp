// All ranks leave together, when rank 0 has written its report; what if they cannot.
#include <algorithm>
#include <array>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

constexpr std::size_t kPage = 4096;

// Reads a report late: a FIFO that holds a page, and nobody who takes it out.
class SlowReader {
 public:
  explicit SlowReader(const std::filesystem::path& path) {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    EXPECT_GE(descriptor_, 0);
    EXPECT_EQ(::fcntl(descriptor_, F_SETPIPE_SZ, static_cast<int>(kPage)), static_cast<int>(kPage));
  }
  SlowReader(const SlowReader&) = delete;
  SlowReader& operator=(const SlowReader&) = delete;
  ~SlowReader() { ::close(descriptor_); }

  bool full() const {
    int held = 0;
    return ::ioctl(descriptor_, FIONREAD, &held) == 0 && held == static_cast<int>(kPage);
  }
  // Until every writer has closed it.
  std::string read_all() const {
    std::string text;
    std::array<char, kPage> part{};
    for (;;) {
      const auto got = ::read(descriptor_, part.data(), part.size());
      if (got == 0) return text;
      if (got > 0) text.append(part.data(), static_cast<std::size_t>(got));
      if (got < 0) nap(5ms);
    }
  }

 private:
  int descriptor_ = -1;
};

class LastMeeting : public JobTest {
 protected:
  // Five ranks whose directories have such long names that their report is longer than a page.
  Command long_report(const Arguments& words) {
    destination = temporary / std::string(200, 'a') / std::string(200, 'b') /
                  std::string(200, 'c') / std::string(200, 'd') / "dest";
    std::filesystem::create_directories(destination.parent_path());
    make_source(3 * chunk_size);
    return job(5, words);
  }
  // One rank to which MPI says in its call N, or in the last meeting (0), that a connection is
  // lost.
  Command losing(int rank, int call = 0) {
    make_source(3 * chunk_size);
    Command command = job(3, {"--stall-timeout", "1"});
    std::ranges::replace(command.words, std::string{MPIFERRY_BINARY},
                         std::string{MPIFERRY_STOPPING});
    command.environment.insert(
        command.environment.end(),
        {{"FERRY_LOSE_RANK", std::to_string(rank)}, {"FERRY_LOSE_AT", std::to_string(call)}});
    return command;
  }
};

using FirstMeeting = LastMeeting;

TEST_F(LastMeeting, ends_with_6_when_nobody_takes_the_report) {
  const SlowReader reader{report_path};
  const Finished finished = run(long_report({"--stall-timeout", "1"}));
  EXPECT_TRUE(reader.full()) << "the report is too short";
  EXPECT_EQ(finished.exit_code, 6) << describe(finished);
  EXPECT_LT(finished.time.count(), 50.0) << describe(finished);  // after rank 0's half a minute
  EXPECT_EQ(error_lines(finished), 1) << describe(finished);
  EXPECT_NE(finished.err.find("rank 0: did not finish after the job had ended"), std::string::npos)
      << describe(finished);
  EXPECT_TRUE(finished.left.empty()) << describe(finished);
}

TEST_F(LastMeeting, waits_for_a_report_that_is_taken_in_time) {
  const SlowReader reader{report_path};
  Process running{long_report({"--stall-timeout", "4"})};
  ASSERT_TRUE(eventually([&] { return reader.full(); })) << running.err();
  nap(3s);  // of the seven that the other ranks wait
  const Json said = Json::parse(reader.read_all());
  const Finished finished = running.wait();
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(said["workers"].size(), 4U);
}

// Rank 0 waits for half a minute, and knows that all is done.
TEST_F(LastMeeting, without_a_connection_of_a_worker_changes_no_status) {
  const Finished finished = run(losing(1));
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(error_lines(finished), 0) << describe(finished);
  EXPECT_NE(
      finished.err.find("mpiferry: warning: some rank did not finish after the job had ended"),
      std::string::npos)
      << describe(finished);
  EXPECT_EQ(report()["verdict"], "ok");
  EXPECT_TRUE(std::filesystem::exists(destination / "manifest.json"));
}

// It has written its report, and knows that all is done.
TEST_F(LastMeeting, without_a_connection_of_rank_0_changes_no_status) {
  const Finished finished = run(losing(0));
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(error_lines(finished), 0) << describe(finished);
  EXPECT_NE(finished.err.find("mpiferry: warning: a connection was lost"), std::string::npos)
      << describe(finished);
  EXPECT_EQ(report()["verdict"], "ok");
}

// Call 1 is MPI_Init_thread.
TEST_F(FirstMeeting, without_a_connection_is_no_internal_error) {
  const Finished finished = run(losing(2, 2));
  EXPECT_EQ(finished.exit_code, 6) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1) << describe(finished);
  EXPECT_NE(finished.err.find("rank 0: MPI_Irecv: the connection to this rank is lost"),
            std::string::npos)
      << describe(finished);
}

}  // namespace
}  // namespace mpiferry::e2e
