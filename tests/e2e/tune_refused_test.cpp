// mpiferry tune refuses what it cannot or must not do.
#include <filesystem>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/tune.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

TEST_F(Tune, without_time_for_a_comparison_advises_nothing) {
  expect_refused(run(tune(3, {"--budget", "1ms"})), 2, "--budget");
}

TEST_F(Tune, of_a_sample_that_is_too_small_is_refused) {
  expect_refused(run(tune(3, {}, "3M")), 2, "give --size 4M or more");
}

TEST_F(Tune, replaces_a_profile_and_nothing_else) {
  const fs::path file = temporary / "file";
  write_file(file, "precious");
  expect_refused(run(tune(2, {"--profile", file})), 2, "not a profile");
  EXPECT_EQ(read_file(file), "precious");
  write_file(file, R"({"schema": "mpiferry.profile/1", "chunk_size": 1, "window": 1})");
  EXPECT_EQ(run(tune(2, {"--profile", file})).exit_code, 0);
  EXPECT_GT(json_of(file)["chunk_size"], 1);
}

TEST_F(Tune, without_a_home_asks_for_a_file) {
  Command command = tune(2);
  command.environment = {{"XDG_CONFIG_HOME", ""}, {"HOME", ""}};
  expect_refused(run(command), 2, "HOME is not set");
}

TEST_F(Tune, makes_nobody_a_home) {
  Command command = tune(2);
  command.environment = {{"XDG_CONFIG_HOME", ""}, {"HOME", temporary / "missing"}};
  expect_refused(run(command), 2, "HOME is not set, or no directory");
  EXPECT_FALSE(fs::exists(temporary / "missing"));
}

TEST_F(Tune, that_cannot_write_its_profile_says_so_before_it_measures) {
  write_file(temporary / "file", "");
  expect_refused(run(tune(2, {"--profile", temporary / "missing/p.json"})), 4, "missing/p.json");
  EXPECT_EQ(json_of(report_path)["cases"], Json::array());
}

TEST_F(Tune, of_a_missing_source_directory_fails) {
  sources = temporary / "missing";
  const Finished finished = run(tune(3));
  sources = temporary / "sources";
  expect_refused(finished, 3, "missing");
  const Json said = json_of(report_path);
  EXPECT_EQ(said["verdict"], "source_not_found");
  EXPECT_EQ(said["chunk_size"], nullptr);
}

TEST_F(Tune, of_a_source_directory_that_may_not_be_written_fails) {
  const auto prefix = without_override();
  if (!prefix) GTEST_SKIP() << "no way to give up the right to override permissions";
  fs::permissions(sources, fs::perms::owner_read | fs::perms::owner_exec);
  expect_refused(run(prefixed(*prefix, tune(3))), 3, "Permission denied");
  fs::permissions(sources, fs::perms::owner_all);
}

TEST_F(Tune, of_a_destination_that_may_not_be_written_fails) {
  const auto prefix = without_override();
  if (!prefix) GTEST_SKIP() << "no way to give up the right to override permissions";
  fs::permissions(destination, fs::perms::owner_read | fs::perms::owner_exec);
  expect_refused(run(prefixed(*prefix, tune(3))), 4, "Permission denied");
  fs::permissions(destination, fs::perms::owner_all);
}

TEST_F(Tune, of_a_destination_that_is_a_file_on_one_rank_fails) {
  write_file(temporary / "2", "in the way");
  const fs::path dest = destination;
  destination = temporary / "{rank}";
  const Finished finished = run(tune(4));
  destination = dest;
  expect_refused(finished, 4, "rank 2");
  for (const char* name : {"0", "1", "3"}) EXPECT_FALSE(fs::exists(temporary / name)) << name;
}

// The script mounts a file system of 8 MiB at "$1", runs the command, and prints what is there
// afterwards.
TEST_F(Tune, on_a_full_disk_fails_and_leaves_nothing) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount";
  for (const auto& [full, code] : {std::pair{sources, 3}, std::pair{destination, 4}}) {
    Command command = tune(3);
    command.words.insert(command.words.begin(),
                         {"sh", "-c",
                          R"(mount -t tmpfs -o size=8m ferry "$1" && d=$1 && shift && "$@"; code=$?
                             ls -A "$d"; exit $code)",
                          "sh", full});
    const Finished finished = run(prefixed(*prefix, command));
    expect_refused(finished, code, "No space left on device");
    EXPECT_NE(finished.err.find("smaller --size"), std::string::npos) << describe(finished);
    EXPECT_EQ(finished.out, "") << "left behind";
  }
}

TEST_F(Tune, once_is_refused_as_it_shows_no_noise) {
  expect_refused(run(tune(3, {}, "16M", "1")), 2,
                 "--repetitions: 1: not a whole number from 2 to 100: one alone shows no noise");
}

TEST_F(Tune, of_one_rank_is_refused) {
  expect_refused(run(tune(1)), 7, "mpiferry tune SOURCE-DIR DEST");
}

TEST_F(Tune, of_one_file_for_profile_and_figures_is_refused_before_it_measures) {
  // The figures go to report_path.
  const Arguments same{"--profile", temporary / "sources/../report.json"};
  expect_refused(run(tune(3, same)), 2, "--profile and --json name the same file");
  EXPECT_FALSE(fs::exists(report_path));
}

struct TuneMistake {
  const char* what;
  Arguments words;
  const char* message;
};
void PrintTo(const TuneMistake& mistake, std::ostream* out) { *out << mistake.what; }

class TuneUsage : public Tune, public ::testing::WithParamInterface<TuneMistake> {};

TEST_P(TuneUsage, is_refused_in_one_message) {
  expect_refused(run(tune(3, GetParam().words)), 2, GetParam().message);
  EXPECT_FALSE(fs::exists(report_path));
}

INSTANTIATE_TEST_SUITE_P(
    , TuneUsage,
    ::testing::Values(TuneMistake{"chunk_of_nothing", {"--chunks", "64K,0"}, "--chunks"},
                      TuneMistake{"chunk_too_large", {"--chunks", "2G"}, "--chunks"},
                      TuneMistake{"chunks_nonsense", {"--chunks", "64K,big"}, "--chunks"},
                      TuneMistake{"window_0", {"--windows", "0"}, "--windows"},
                      TuneMistake{"window_1025", {"--windows", "8,1025"}, "--windows"},
                      TuneMistake{"windows_nonsense", {"--windows", "8;9"}, "--windows"},
                      TuneMistake{"repetitions_twice", {"--repetitions", "3"}, "--repetitions"},
                      TuneMistake{"budget_negative", {"--budget", "-1"}, "--budget"},
                      TuneMistake{"size_nonsense", {"--size", "much"}, "much"},
                      TuneMistake{"profile_of_no_name", {"--profile", ""}, "--profile"},
                      TuneMistake{"profile_to_a_dash", {"--profile", "-"}, "--profile"},
                      TuneMistake{"option_of_scatter", {"--force"}, "--force"},
                      TuneMistake{"third_name", {"third"}, "not expected"}),
    [](const auto& test) { return test.param.what; });

}  // namespace
}  // namespace mpiferry::e2e
