// What the tests of `mpiferry tune` share: a job with sources and a destination that are somebody
// else's too.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {

// Returns every path below `root`, directories included.
inline Arguments everything_below(const std::filesystem::path& root) {
  Arguments out;
  std::error_code gone;  // what goes while we look
  for (std::filesystem::recursive_directory_iterator it{root, gone}, end; !gone && it != end;
       it.increment(gone)) {
    out.push_back(it->path().lexically_relative(root));
  }
  std::ranges::sort(out);
  return out;
}

class Tune : public JobTest {
 protected:
  Tune() {
    std::filesystem::create_directory(sources);
    std::filesystem::create_directory(destination);
    write_file(sources / "theirs.dat", "theirs");
    // What a scatter --force would remove.
    write_file(destination / "chunk_0.bin", "theirs");
    write_file(destination / "manifest.json", "{}");
  }

  // Measures a few small cases; `size` is that of the sample.
  Command tune(int ranks, const Arguments& more = {}, const std::string& size = "16M",
               const std::string& repetitions = "2") const {
    Command command{{MPIFERRY_MPIEXEC, "-n", std::to_string(ranks), MPIFERRY_BINARY, "tune",
                     "--size", size, "--chunks", "256K,1M", "--windows", "2,8", "--repetitions",
                     repetitions, "--json", report_path}};
    command.words.insert(command.words.end(), more.begin(), more.end());
    command.words.insert(command.words.end(), {"--", sources, destination});
    command.environment = {{"XDG_CONFIG_HOME", config}};
    return command;
  }
  Json json_of(const std::filesystem::path& file) const {
    return Json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  }
  void expect_nothing_left() const {
    EXPECT_EQ(everything_below(sources), Arguments{"theirs.dat"});
    EXPECT_EQ(everything_below(temporary / "dest"), (Arguments{"chunk_0.bin", "manifest.json"}));
  }
  void expect_no_profile() const { EXPECT_FALSE(std::filesystem::exists(config)); }
  void expect_refused(const Finished& finished, int exit_code, const std::string& message) const {
    EXPECT_EQ(finished.exit_code, exit_code) << describe(finished);
    EXPECT_EQ(error_lines(finished), 1) << describe(finished);
    EXPECT_NE(finished.err.find(message), std::string::npos) << message << '\n'
                                                             << describe(finished);
    EXPECT_TRUE(finished.left.empty()) << describe(finished);
    expect_nothing_left();
    expect_no_profile();
  }

  std::filesystem::path sources = temporary / "sources";
  std::filesystem::path config = temporary / "config";
  std::filesystem::path profile = config / "mpiferry/profile.json";
};

}  // namespace mpiferry::e2e
