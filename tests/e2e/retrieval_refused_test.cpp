// What gather and verify are asked for wrongly is refused before anything is touched.
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/retrieval_job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

class RetrievalRefused : public RetrievalTest {
 protected:
  RetrievalRefused() { chunk_size = 4096; }
};

TEST_F(RetrievalRefused, faults_that_nobody_can_play) {
  scatter_bytes(20 * chunk_size, 3);
  const auto refused = [this](const Command& command, const char* message) {
    expect_not_gathered(run(command), 2, message);
  };
  refused(verify(3, {"--fault", "stall=3"}), "--fault stall=3: the last worker is rank 2");
  refused(gather(3, {"--fault", "stall=3"}), "--fault stall=3: the last worker is rank 2");
  refused(verify(3, {"--fault", "corrupt=1"}), "--fault corrupt: ");
  refused(verify(0, {"--fault", "delay=1"}), "--fault: workers play faults");
  refused(gather(1, {"--fault", "corrupt=1"}), "--fault: workers play faults");
}

TEST_F(RetrievalRefused, directories_with_unknown_placeholders) {
  destination = temporary / "{hostname}";
  expect_not_gathered(run(gather(3)), 2, "'{hostname}' stands for nothing");
  expect_not_gathered(run(verify(0)), 2, "there are {rank} and {host}");
}

}  // namespace
}  // namespace mpiferry::e2e
