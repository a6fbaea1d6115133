// What a profile may be, and what it sets.
#include "cli/tune/profile.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

namespace mpiferry::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGood =
    R"({"schema": "mpiferry.profile/1", "chunk_size": 4194304, "window": 3, "more": {}})";

TEST(DecodeProfile, reads_chunk_size_and_window) {
  const auto tuning = decode_profile(kGood);
  ASSERT_TRUE(tuning);
  EXPECT_EQ(*tuning, (Tuning{4_MiB, 3}));
}

TEST(DecodeProfile, names_what_is_wrong) {
  const auto refuses = [](const std::string& text, const std::string& what) {
    const auto tuning = decode_profile(text);
    ASSERT_FALSE(tuning) << text;
    EXPECT_EQ(tuning.error().code, Errc::invalid_argument);
    EXPECT_NE(tuning.error().detail.find(what), std::string::npos) << tuning.error().detail;
  };
  const std::string schema = R"({"schema": "mpiferry.profile/1", )";
  refuses("", "no JSON object");
  refuses("window = 8", "no JSON object");
  refuses("[]", "no JSON object");
  refuses("{}", "no schema");
  refuses(R"({"schema": 1})", "no schema");
  refuses(R"({"schema": "mpiferry.profile/2", "chunk_size": 1, "window": 1})",
          "mpiferry.profile/2");
  refuses(R"({"schema": "mpiferry.report/2"})", "mpiferry.report/2");
  refuses(schema + R"("window": 1})", "chunk_size must");
  for (const char* bad : {"0", "-1", "1073741825", "1.5", "\"1M\"", "null", "1e300"}) {
    refuses(schema + R"("window": 1, "chunk_size": )" + bad + "}", "chunk_size must");
  }
  for (const char* bad : {"0", "1025", "-8", "8.0", "true"}) {
    refuses(schema + R"("chunk_size": 1, "window": )" + bad + "}", "window must");
  }
}

// Has a home directory of its own.
class ApplyProfile : public ::testing::Test {
 protected:
  ApplyProfile() {
    std::string name = (fs::temp_directory_path() / "mpiferry-profile-XXXXXX").string();
    home = ::mkdtemp(name.data());
    ::setenv("HOME", home.c_str(), 1);
    ::unsetenv("XDG_CONFIG_HOME");
  }
  ~ApplyProfile() override { fs::remove_all(home); }

  void write(const fs::path& path, const std::string& text) const {
    fs::create_directories(path.parent_path());
    std::ofstream{path} << text;
  }
  fs::path place() const { return home / ".config/mpiferry/profile.json"; }
  // Which must succeed.
  ProfileUse apply() {
    auto use = apply_profile(arguments);
    EXPECT_TRUE(use);
    return use ? *use : ProfileUse{};
  }
  void expect_defaults() const {
    EXPECT_EQ(arguments.options.chunk_size, 1_MiB);
    EXPECT_EQ(arguments.options.job.window, std::nullopt);
  }

  fs::path home;
  ScatterArguments arguments;
};

TEST_F(ApplyProfile, without_one_leaves_the_defaults) {
  const ProfileUse use = apply();
  EXPECT_EQ(use.file + use.warning, "");
  expect_defaults();
}

TEST_F(ApplyProfile, finds_the_default_place) {
  write(place(), kGood);
  EXPECT_EQ(apply().file, place());
  EXPECT_EQ(arguments.options.chunk_size, 4_MiB);
  EXPECT_EQ(arguments.options.job.window, 3U);
}

TEST_F(ApplyProfile, prefers_xdg_config_home_if_it_is_absolute) {
  ::setenv("XDG_CONFIG_HOME", (home / "xdg").c_str(), 1);
  EXPECT_EQ(default_profile_path(), home / "xdg/mpiferry/profile.json");
  for (const char* ignored : {"", "relative"}) {
    ::setenv("XDG_CONFIG_HOME", ignored, 1);
    EXPECT_EQ(default_profile_path(), place());
  }
  ::setenv("XDG_CONFIG_HOME", "/dev/null", 1);  // no profile can lie there, and none is no error
  EXPECT_EQ(apply().warning, "");
}

TEST_F(ApplyProfile, without_a_home_has_no_default_place) {
  ::unsetenv("HOME");
  EXPECT_EQ(default_profile_path(), "");
  EXPECT_EQ(apply().warning, "");
}

TEST_F(ApplyProfile, none_ignores_it) {
  write(place(), kGood);
  arguments.profile = "none";
  EXPECT_EQ(apply().file, "");
  expect_defaults();
}

TEST_F(ApplyProfile, leaves_what_was_given) {
  write(place(), kGood);
  arguments.chunk_size_given = true;
  arguments.options.chunk_size = 2_MiB;
  arguments.options.job.window = 5;
  EXPECT_EQ(apply().file, "");
  EXPECT_EQ(arguments.options.chunk_size, 2_MiB);
  EXPECT_EQ(arguments.options.job.window, 5U);
}

TEST_F(ApplyProfile, sets_the_chunk_size_beside_a_given_window) {
  write(place(), kGood);
  arguments.options.job.window = 5;
  EXPECT_EQ(apply().file, place());
  EXPECT_EQ(arguments.options.chunk_size, 4_MiB);
  EXPECT_EQ(arguments.options.job.window, 5U);
}

TEST_F(ApplyProfile, sets_the_window_beside_its_own_chunk_size_only) {
  write(place(), kGood);
  arguments.chunk_size_given = true;
  arguments.options.chunk_size = 2_MiB;
  EXPECT_EQ(apply().file, "");
  EXPECT_EQ(arguments.options.job.window, std::nullopt);
  arguments.options.chunk_size = 4_MiB;
  EXPECT_EQ(apply().file, place());
  EXPECT_EQ(arguments.options.job.window, 3U);
}

TEST_F(ApplyProfile, gives_way_to_a_given_memory_with_a_warning) {
  write(place(), kGood);
  arguments.options.job.memory = 2_MiB;
  const ProfileUse use = apply();
  EXPECT_EQ(use.file, "");
  EXPECT_NE(use.warning.find("--memory"), std::string::npos);
  expect_defaults();
}

TEST_F(ApplyProfile, warns_of_a_damaged_one_at_the_default_place) {
  for (const char* text : {"", "{", R"({"schema": "mpiferry.profile/9"})"}) {
    write(place(), text);
    const ProfileUse use = apply();
    EXPECT_EQ(use.file, "");
    EXPECT_NE(use.warning.find(place().string()), std::string::npos) << use.warning;
    expect_defaults();
  }
}

TEST_F(ApplyProfile, warns_of_what_is_no_file_at_the_default_place) {
  fs::create_directories(place());
  EXPECT_NE(apply().warning.find("Is a directory"), std::string::npos);
}

TEST_F(ApplyProfile, refuses_one_that_was_named_and_is_damaged) {
  const fs::path file = home / "mine.json";
  arguments.profile = file;
  const auto refused = [this](const std::string& what) {
    const auto use = apply_profile(arguments);
    ASSERT_FALSE(use) << what;
    EXPECT_EQ(use.error().code, Errc::invalid_argument);
    EXPECT_EQ(use.error().path, arguments.profile);
    EXPECT_NE(use.error().message().find(what), std::string::npos) << use.error().message();
    EXPECT_NE(use.error().hint, "");
  };
  refused("No such file");
  write(file, "{}");
  refused("no schema");
  write(file, std::string(2 << 20, ' '));
  refused("larger than any profile");
  arguments.profile = "/dev/zero";
  refused("not a regular file");
  arguments.profile = home;
  refused("Is a directory");
}

TEST_F(ApplyProfile, reads_one_that_was_named_even_if_it_sets_nothing) {
  arguments.profile = home / "missing.json";
  arguments.chunk_size_given = true;
  arguments.options.job.window = 5;
  EXPECT_FALSE(apply_profile(arguments));
}

}  // namespace
}  // namespace mpiferry::cli
