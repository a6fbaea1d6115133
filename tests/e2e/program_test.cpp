// What the program says of itself.
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

TEST(Program, tells_its_versions) {
  for (const Finished& finished :
       {run({{MPIFERRY_BINARY, "--version"}}), run({{MPIFERRY_BINARY, "-V"}}),
        run({{MPIFERRY_MPIEXEC, "-n", "3", MPIFERRY_BINARY, "--version"}})}) {
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_EQ(finished.err, "");
    EXPECT_EQ(lines_like(finished.out, R"(mpiferry \d+\.\d+\.\d+)"), 1) << finished.out;
    EXPECT_EQ(lines_like(finished.out, R"(MPI: MPICH.*)"), 1) << finished.out;
    EXPECT_EQ(lines_like(finished.out, R"(Boost: \d+\.\d+\.\d+)"), 1) << finished.out;
    EXPECT_EQ(lines_like(finished.out, R"(xxHash: \d+\.\d+\.\d+)"), 1) << finished.out;
  }
}

TEST(Program, tells_every_option_and_the_exit_codes_once) {
  const Finished finished =
      run({{MPIFERRY_MPIEXEC, "-n", "3", MPIFERRY_BINARY, "scatter", "--help"}});
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(finished.err, "");
  for (const char* option : {"--chunk-size", "--window", "--memory", "--retries", "--stall-timeout",
                             "--fsync", "--force", "--progress", "--json", "--quiet", "--verbose",
                             "MPIFERRY_CHUNK_SIZE", "Examples:", "Exit codes:", "SOURCE", "DEST"}) {
    EXPECT_NE(finished.out.find(option), std::string::npos) << option << '\n' << finished.out;
  }
  EXPECT_EQ(finished.out.find("Exit codes:"), finished.out.rfind("Exit codes:"));
}

TEST(Program, tells_when_its_help_or_version_cannot_be_printed) {
  for (const char* option : {"--version", "--help", "help"}) {
    const Finished finished = run(shell(R"("$1" "$2" > /dev/full)", {MPIFERRY_BINARY, option}));
    EXPECT_EQ(finished.exit_code, 4) << describe(finished);
    EXPECT_EQ(error_lines(finished), 1) << describe(finished);
    EXPECT_NE(finished.err.find("'standard output'"), std::string::npos) << describe(finished);
  }
}

TEST(Program, helps_under_mpirun_and_alone) {
  const Finished asked = run({{MPIFERRY_BINARY, "scatter", "--help"}});
  for (const Finished& finished :
       {run({{MPIFERRY_BINARY, "help", "scatter"}}),
        run({{MPIFERRY_MPIEXEC, "-n", "3", MPIFERRY_BINARY, "help", "scatter"}}),
        run({{MPIFERRY_BINARY, "--help", "scatter"}})}) {
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_EQ(finished.err, "");
    EXPECT_EQ(finished.out, asked.out);
  }
  const Finished all = run({{MPIFERRY_BINARY, "help"}});
  EXPECT_EQ(all.exit_code, 0) << describe(all);
  EXPECT_EQ(all.out, run({{MPIFERRY_BINARY, "--help"}}).out);
}

}  // namespace
}  // namespace mpiferry::e2e
