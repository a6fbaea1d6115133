// Damaged chunks are caught before they are written, sent again, and counted.
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

// It exceeds a window of 4. So a chunk that is sent again comes back before the next one is
// damaged, and none needs a second retry, whatever the timing.
constexpr const char* kDamage = "corrupt=7";

class Integrity : public JobTest {
 protected:
  Integrity() { chunk_size = 16 * 1024; }
};

TEST_F(Integrity, damaged_chunks_are_sent_again_and_counted) {
  make_source(100 * chunk_size + 5);
  const Finished finished = run_job(3, {"--window", "4", "--fault", kDamage});
  expect_moved(finished);
  const Json said = report();
  EXPECT_EQ(said["chunks_sent"], 101);
  EXPECT_GE(said["chunks_corrupt"], 101 / 7 - 1);
  EXPECT_EQ(said["chunks_resent"], said["chunks_corrupt"]);
  EXPECT_EQ(said["workers"][0]["chunks_corrupt"].get<int>() +
                said["workers"][1]["chunks_corrupt"].get<int>(),
            said["chunks_corrupt"]);
  EXPECT_NE(finished.out.find(said["chunks_corrupt"].dump() + " chunks arrived damaged"),
            std::string::npos)
      << finished.out;
  if (have_xxhsum()) expect_sums_accepted();
}

TEST_F(Integrity, undamaged_jobs_resend_nothing) {
  make_source(100 * chunk_size + 5);
  expect_moved(run_job(3));
  EXPECT_EQ(report()["chunks_resent"], 0);
  EXPECT_EQ(report()["chunks_corrupt"], 0);
}

TEST_F(Integrity, chunk_that_is_damaged_as_often_as_retries_allow_arrives) {
  make_source(10 * chunk_size);
  expect_moved(run_job(2, {"--window", "1", "--fault", "corrupt=1:3", "--retries", "3"}));
  EXPECT_EQ(report()["chunks_resent"], 3);
}

TEST_F(Integrity, chunk_that_is_damaged_more_often_than_that_ends_the_job_and_is_absent) {
  make_source(10 * chunk_size);
  expect_failed(run_job(2, {"--window", "1", "--fault", "corrupt=1:4", "--retries", "3"}), 5,
                "chunk 0 arrived damaged 4 times");
  EXPECT_TRUE(chunks_below(root).empty());
  EXPECT_EQ(report()["verdict"], "chunk_corrupt");
  EXPECT_EQ(report()["chunks_resent"], 3);
  EXPECT_EQ(report()["chunks_corrupt"], 4);
}

TEST_F(Integrity, without_retries_the_first_damage_ends_the_job) {
  make_source(40 * chunk_size);
  // The tenth of rank 2 is chunk 19.
  const Finished finished =
      run_job(3, {"--window", "1", "--fault", "corrupt=10:1", "--retries", "0"});
  expect_failed(finished, 5, "arrived damaged");
  const auto chunks = chunks_below(root);
  EXPECT_GE(chunks.size(), 9U);
  EXPECT_LT(chunks.size(), 40U);
  EXPECT_NE(finished.err.find("rank "), std::string::npos);
}

TEST_F(Integrity, damage_of_a_stream_that_retries_do_not_mend_ends_the_job) {
  make_source(40 * chunk_size);
  const std::filesystem::path fifo = temporary / "fifo";
  ASSERT_EQ(run({{"mkfifo", fifo}}).exit_code, 0);
  Process writer{shell(R"(cat "$1" > "$2" 2>/dev/null)", {source, fifo})};
  source = fifo;
  expect_failed(run_job(3, {"--fault", "corrupt=1"}), 5, "arrived damaged");
  EXPECT_TRUE(chunks_below(root).empty());
}

TEST_F(Integrity, damage_at_many_workers_with_a_wide_window_is_mended) {
  chunk_size = 4096;
  make_source(2000 * chunk_size);
  expect_moved(run_job(5, {"--window", "32", "--fault", "corrupt=37"}));
  EXPECT_GE(report()["chunks_resent"], 50);
}

}  // namespace
}  // namespace mpiferry::e2e
