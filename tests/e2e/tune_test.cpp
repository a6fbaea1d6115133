// mpiferry tune gives advice, writes a profile, and leaves nothing of the measurements.
#include "tests/e2e/tune.hpp"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

// Returns "1,2,3" up to `last`.
std::string list_of_windows(int last) {
  std::string list = "1";
  for (int window = 2; window <= last; ++window) {
    list += ',';
    list += std::to_string(window);
  }
  return list;
}

TEST_F(Tune, writes_a_profile_that_scatter_uses) {
  for (const int ranks : {2, 3}) {
    const Finished finished = run(tune(ranks));
    ASSERT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_EQ(error_lines(finished), 0) << describe(finished);
    expect_nothing_left();
    const Json advice = json_of(profile);
    ASSERT_TRUE(advice.is_object()) << read_file(profile);
    EXPECT_EQ(advice["schema"], "mpiferry.profile/1");
    EXPECT_EQ(advice["ranks"], ranks);
    EXPECT_EQ(advice["fsync"], false);
    EXPECT_EQ(advice["sample_bytes"], 16 << 20);
    EXPECT_EQ(advice["hosts"].size(), 1U);
    EXPECT_EQ(advice["destination"]["file_systems"].size(), 1U);
    EXPECT_EQ(advice["cases"].size(), 4U);
    for (const Json& it : advice["cases"]) EXPECT_GT(it["gigabytes_per_second"], 0);
    EXPECT_NE(finished.out.find(profile.string()), std::string::npos) << finished.out;

    bytes = random_bytes(3'000'000);
    write_file(sources / "theirs.dat", bytes);
    Command job = scatter(ranks, {"--json", temporary / "scatter.json", sources / "theirs.dat",
                                  temporary / ("out" + std::to_string(ranks))});
    job.environment = {{"XDG_CONFIG_HOME", config}};
    const Finished moved = run(job);
    ASSERT_EQ(moved.exit_code, 0) << describe(moved);
    EXPECT_NE(moved.out.find(profile.string()), std::string::npos) << describe(moved);
    const Json said = json_of(temporary / "scatter.json");
    EXPECT_EQ(said["chunk_size"], advice["chunk_size"]);
    EXPECT_EQ(said["window"], advice["window"]);
    EXPECT_EQ(said["profile"], profile.string());
  }
}

TEST_F(Tune, says_all_figures_for_programs_and_the_rule_for_people) {
  const Finished finished = run(tune(3, {"--fsync", "--profile", "none"}));
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  const Json said = json_of(report_path);
  ASSERT_TRUE(said.is_object()) << read_file(report_path);
  EXPECT_EQ(said["schema"], "mpiferry.tune/1");
  EXPECT_EQ(said["verdict"], "ok");
  EXPECT_EQ(said["complete"], true);
  EXPECT_EQ(said["profile"], nullptr);
  EXPECT_EQ(said["fsync"], true);
  EXPECT_GE(said["noise"], 0.02);
  ASSERT_EQ(said["cases"].size(), 5U);
  EXPECT_EQ(said["cases"][0]["chunk_size"], said["default"]["chunk_size"]);
  EXPECT_EQ(said["cases"][0]["window"], said["default"]["window"]);
  for (const Json& it : said["cases"]) {
    EXPECT_EQ(it["measurements"], 2);
    EXPECT_LE(it["lowest"], it["gigabytes_per_second"]);
    EXPECT_LE(it["gigabytes_per_second"], it["highest"]);
  }
  for (const char* word : {"with fsync", "default", "best", "noise", "no profile was written"}) {
    EXPECT_NE(finished.out.find(word), std::string::npos) << word << '\n' << describe(finished);
  }
  const bool keeps = said["keep_defaults"];
  EXPECT_NE(finished.out.find(keeps ? "keep the defaults" : "use --chunk-size"), std::string::npos)
      << describe(finished);
  expect_no_profile();
  expect_nothing_left();
}

TEST_F(Tune, leaves_directories_of_each_rank_as_they_were) {
  const fs::path dest = destination;
  destination = dest / "{host}/new/{rank}";
  const Finished finished = run(tune(4, {"--profile", temporary / "here.json"}));
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  destination = dest;
  expect_nothing_left();
  expect_no_profile();
  EXPECT_EQ(json_of(temporary / "here.json")["destination"]["pattern"],
            (dest / "{host}/new/{rank}").string());
}

TEST_F(Tune, quiet_prints_nothing_and_json_to_standard_output_nothing_else) {
  EXPECT_EQ(run(tune(3, {"-q"})).output(), "");
  for (const char* name : {"-", "/dev/stdout"}) {
    report_path = name;
    const Finished finished = run(tune(3, {"-v"}));
    ASSERT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_EQ(Json::parse(finished.out, nullptr, false)["schema"], "mpiferry.tune/1")
        << finished.out;
    EXPECT_NE(finished.err.find("tune: 8 of 8"), std::string::npos) << finished.err;
  }
}

TEST_F(Tune, can_be_told_in_the_environment_what_scatter_does_not_look_at) {
  Command command{{MPIFERRY_MPIEXEC, "-n", "3", MPIFERRY_BINARY, "tune", sources, destination}};
  command.environment = {{"MPIFERRY_SIZE", "8M"},      {"MPIFERRY_CHUNKS", "512K,2M"},
                         {"MPIFERRY_WINDOWS", "3"},    {"MPIFERRY_JSON", report_path},
                         {"MPIFERRY_PROFILE", "none"}, {"MPIFERRY_WINDOW", "nonsense"}};
  const Finished finished = run(command);
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(json_of(report_path)["cases"].size(), 3U);
  expect_nothing_left();

  Command job = scatter(3, {sources / "theirs.dat", temporary / "out"});
  job.environment = {{"MPIFERRY_CHUNKS", "nonsense"}};
  EXPECT_EQ(run(job).exit_code, 0);
}

TEST_F(Tune, out_of_time_leaves_cases_out_and_says_so) {
  // More than the sample, the warm-up and a measurement of two cases can take, on a slow machine
  // too; and no machine makes 60,000 jobs in it.
  Command command{{MPIFERRY_MPIEXEC,
                   "-n",
                   "3",
                   MPIFERRY_BINARY,
                   "tune",
                   "--size",
                   "16M",
                   "--chunks",
                   "256K,512K,1M,2M,4M",
                   "--windows",
                   list_of_windows(120),
                   "--repetitions",
                   "100",
                   "--budget",
                   "12",
                   "--json",
                   report_path,
                   "--",
                   sources,
                   destination}};
  command.environment = {{"XDG_CONFIG_HOME", config}};
  const Finished finished = run(command);
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  const Json said = json_of(report_path);
  EXPECT_EQ(said["complete"], false);
  EXPECT_NE(finished.out.find("time was up (--budget)"), std::string::npos) << describe(finished);
  expect_nothing_left();
}

}  // namespace
}  // namespace mpiferry::e2e
