// What a slip of the user's hand must not cost: the source, another file, another job's chunks.
#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

class NothingLost : public JobTest {};

TEST_F(NothingLost, force_does_not_remove_a_source_with_one_of_its_names) {
  fs::create_directories(destination);
  source = destination / "chunk_0.bin";
  make_source(300'000);
  const Finished finished = run_job(3, {"--force"});
  EXPECT_EQ(finished.exit_code, 2) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1);
  EXPECT_EQ(read_file(source), bytes);
}

TEST_F(NothingLost, json_does_not_replace_what_is_no_report) {
  make_source(300'000);
  report_path = source;
  expect_failed(run_job(3), 2, "--json");
  EXPECT_EQ(read_file(source), bytes);
}

TEST_F(NothingLost, json_replaces_an_earlier_report) {
  make_source(300'000);
  expect_moved(run_job(3));
  expect_moved(run_job(3, {"--force"}));
}

TEST_F(NothingLost, json_does_not_take_the_place_of_the_job_or_of_its_files) {
  make_source(300'000);
  fs::create_directories(destination);
  for (const char* name : {"manifest.json", ".mpiferry.job", "chunk_0.bin", "XXH3SUMS", "", ".."}) {
    report_path = destination / name;
    const Finished finished = run_job(3);
    EXPECT_EQ(finished.exit_code, 2) << name << describe(finished);
    EXPECT_EQ(error_lines(finished), 1) << name;
    EXPECT_EQ(files_below(temporary.path()), Arguments{"source"}) << name;
  }
}

TEST_F(NothingLost, a_report_that_cannot_be_written_is_found_before_the_job) {
  make_source(300'000);
  report_path = temporary / "missing" / "report.json";
  const Finished finished = run_job(3);
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_FALSE(fs::exists(destination));
}

TEST_F(NothingLost, force_does_not_mix_with_a_running_job) {
  make_source(2'000'000);
  Process running{job(3, {"--window", "1", "--fault", "delay=60000"})};
  while (!fs::exists(destination / "chunk_0.bin")) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  Arguments words{"--force", source, destination};
  const Finished second = run(scatter(2, words));
  const Finished first = running.wait();
  EXPECT_EQ(second.exit_code, 4) << describe(second);
  expect_moved(first);
}

TEST_F(NothingLost, a_destination_that_is_moved_away_is_no_success) {
  make_source(2'000'000);
  Process running{job(3, {"--window", "1", "--fault", "delay=60000"})};
  while (!fs::exists(destination / "chunk_0.bin")) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  fs::rename(destination, temporary / "elsewhere");
  const Finished finished = running.wait();
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_FALSE(fs::exists(temporary / "elsewhere" / "manifest.json"));
}

TEST_F(NothingLost, a_bad_option_of_one_rank_ends_all_ranks) {
  make_source(1000);
  Command command = scatter(1, {source, destination});
  Command other = scatter(1, {"--window", "abc", source, destination});
  command.words.push_back(":");
  command.words.insert(command.words.end(), other.words.begin() + 1, other.words.end());
  const Finished finished = run(command);
  EXPECT_EQ(finished.exit_code, 2) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1);
  EXPECT_FALSE(fs::exists(destination));
}

}  // namespace
}  // namespace mpiferry::e2e
