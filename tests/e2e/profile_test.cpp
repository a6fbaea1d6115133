// Where scatter takes chunk size and window from: command line, environment, profile, default.
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

class Profile : public JobTest {
 protected:
  Profile() {
    make_source(300'000);
    put(at_home, 4096, 3);
    put(named, 2048, 5);
  }
  static void put(const fs::path& file, int chunk_size, int window) {
    fs::create_directories(file.parent_path());
    write_file(
        file, Json{{"schema", "mpiferry.profile/1"}, {"chunk_size", chunk_size}, {"window", window}}
                  .dump());
  }
  Finished run_with(const Arguments& options,
                    const std::vector<std::pair<std::string, std::string>>& environment = {}) {
    Arguments words{"--force", "--json", report_path};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {source, destination});
    Command command = scatter(3, words);
    command.environment = environment;
    command.environment.emplace_back("XDG_CONFIG_HOME", temporary / "config");
    return run(command);
  }
  void expect_used(const Finished& finished, std::uint64_t chunk, int window, const Json& profile) {
    chunk_size = chunk;
    expect_moved(finished);
    const Json said = report();
    EXPECT_EQ(said["chunk_size"], chunk);
    EXPECT_EQ(said["window"], window);
    EXPECT_EQ(said["profile"], profile);
    const bool is_said = finished.out.find("profile '") != std::string::npos;
    EXPECT_EQ(is_said, !profile.is_null()) << describe(finished);
  }

  fs::path at_home = temporary / "config/mpiferry/profile.json";
  fs::path named = temporary / "named.json";
};

TEST_F(Profile, of_the_default_place_is_used) {
  expect_used(run_with({}), 4096, 3, at_home.string());
}

TEST_F(Profile, that_is_named_wins_over_the_default_place) {
  expect_used(run_with({"--profile", named}), 2048, 5, named.string());
  expect_used(run_with({}, {{"MPIFERRY_PROFILE", named}}), 2048, 5, named.string());
  expect_used(run_with({"--profile", "auto"}, {{"MPIFERRY_PROFILE", named}}), 4096, 3,
              at_home.string());
}

TEST_F(Profile, none_is_the_built_in_default) {
  expect_used(run_with({"--profile", "none"}), 1024 * 1024, 8, nullptr);
  expect_used(run_with({}, {{"MPIFERRY_PROFILE", "none"}}), 1024 * 1024, 8, nullptr);
}

TEST_F(Profile, gives_way_to_the_command_line_and_the_environment) {
  expect_used(run_with({"--chunk-size", "8192"}), 8192, 64, nullptr);
  expect_used(run_with({}, {{"MPIFERRY_CHUNK_SIZE", "8192"}}), 8192, 64, nullptr);
  expect_used(run_with({"--window", "7"}), 4096, 7, at_home.string());
  expect_used(run_with({}, {{"MPIFERRY_WINDOW", "7"}}), 4096, 7, at_home.string());
  expect_used(run_with({"--chunk-size", "4K"}), 4096, 3, at_home.string());
}

TEST_F(Profile, that_is_damaged_at_the_default_place_is_a_warning) {
  write_file(at_home, "{}");
  const Finished finished = run_with({});
  expect_used(finished, 1024 * 1024, 8, nullptr);
  EXPECT_NE(finished.err.find("mpiferry: warning: '" + at_home.string() + "'"), std::string::npos)
      << describe(finished);
  EXPECT_EQ(run_with({"-q"}).output(), "");
}

TEST_F(Profile, that_is_named_and_no_profile_ends_the_job_before_it_begins) {
  write_file(temporary / "bad.json", R"({"schema": "mpiferry.profile/7"})");
  write_file(temporary / "wide.json",
             R"({"schema": "mpiferry.profile/1", "chunk_size": 4096, "window": 9999})");
  for (const auto& [file, message] :
       {std::pair{"missing.json", "No such file"}, std::pair{"bad.json", "mpiferry.profile/7"},
        std::pair{"wide.json", "window must be"}, std::pair{"source", "not a profile"}}) {
    const Finished finished = run_with({"--profile", temporary / file});
    expect_failed(finished, 2, message);
    EXPECT_NE(finished.err.find(temporary / file), std::string::npos) << describe(finished);
    EXPECT_NE(finished.err.find("--profile none"), std::string::npos) << describe(finished);
    EXPECT_EQ(report()["exit_code"], 2);
    EXPECT_FALSE(fs::exists(destination));
  }
}

TEST_F(Profile, is_read_by_rank_0_alone) {
  // Other ranks have one that would be refused.
  Command command = scatter(3, {"--json", report_path, source, destination});
  command.words.insert(
      command.words.begin() + 3,
      {"sh", "-c",
       R"(if [ $PMI_RANK = 0 ]; then MPIFERRY_PROFILE=$1; else MPIFERRY_PROFILE=/missing; fi
                           export MPIFERRY_PROFILE; shift; exec "$@")",
       "sh", named});
  expect_used(run(command), 2048, 5, named.string());
}

}  // namespace
}  // namespace mpiferry::e2e
