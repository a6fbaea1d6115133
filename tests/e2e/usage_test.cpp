// What is asked for wrongly, or started wrongly, is refused before anything is touched.
#include <ostream>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

struct Mistake {
  const char* what;
  Arguments words;      // DEST is added
  const char* message;  // what the error names
};

// What GoogleTest shows of a parameter.
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.what; }

class Usage : public JobTest, public ::testing::WithParamInterface<Mistake> {};

TEST_P(Usage, is_refused_in_one_message) {
  make_source(1000);
  Arguments words = GetParam().words;
  for (std::string& word : words) {
    if (word == "SOURCE") word = source;
    if (word == "DEST") word = destination;
  }
  expect_failed(run(scatter(3, words)), 2, GetParam().message);
  EXPECT_FALSE(fs::exists(destination));
}

INSTANTIATE_TEST_SUITE_P(
    , Usage,
    ::testing::Values(
        Mistake{"chunk_size_zero", {"--chunk-size", "0", "SOURCE", "DEST"}, "--chunk-size"},
        Mistake{"chunk_size_negative", {"--chunk-size", "-1", "SOURCE", "DEST"}, "--chunk-size"},
        Mistake{"chunk_size_nonsense", {"--chunk-size", "many", "SOURCE", "DEST"}, "--chunk-size"},
        Mistake{"chunk_size_fraction", {"--chunk-size", "1.5M", "SOURCE", "DEST"}, "--chunk-size"},
        Mistake{"chunk_size_above_the_limit",
                {"--chunk-size", "1073741825", "SOURCE", "DEST"},
                "--chunk-size"},
        Mistake{"chunk_size_beyond_64_bits",
                {"--chunk-size", "99999999999999999999999", "SOURCE", "DEST"},
                "--chunk-size"},
        Mistake{"chunk_size_that_overflows",
                {"--chunk-size", "18014398509481985K", "SOURCE", "DEST"},
                "--chunk-size"},
        Mistake{"chunk_size_without_value", {"SOURCE", "DEST", "--chunk-size"}, "--chunk-size"},
        Mistake{
            "chunk_size_hexadecimal", {"--chunk-size", "0x10", "SOURCE", "DEST"}, "--chunk-size"},
        Mistake{
            "chunk_size_with_a_space", {"--chunk-size", "4 K", "SOURCE", "DEST"}, "--chunk-size"},
        Mistake{"window_hexadecimal", {"--window", "0x8", "SOURCE", "DEST"}, "--window"},
        Mistake{"json_without_a_name", {"--json", "", "SOURCE", "DEST"}, "--json"},
        Mistake{"fault_of_no_chunk", {"--fault", "corrupt=1:0", "SOURCE", "DEST"}, "corrupt"},
        Mistake{"window_0", {"--window", "0", "SOURCE", "DEST"}, "--window"},
        Mistake{"window_1025", {"--window", "1025", "SOURCE", "DEST"}, "--window"},
        Mistake{"window_negative", {"--window", "-8", "SOURCE", "DEST"}, "--window"},
        Mistake{"memory_below_a_chunk",
                {"--memory", "1023", "--chunk-size", "1K", "SOURCE", "DEST"},
                "--memory"},
        Mistake{"retries_negative", {"--retries", "-1", "SOURCE", "DEST"}, "--retries"},
        Mistake{"stall_timeout_negative",
                {"--stall-timeout", "-1", "SOURCE", "DEST"},
                "--stall-timeout"},
        Mistake{"stall_timeout_nonsense",
                {"--stall-timeout", "soon", "SOURCE", "DEST"},
                "--stall-timeout"},
        Mistake{"progress_nonsense", {"--progress", "perhaps", "SOURCE", "DEST"}, "--progress"},
        Mistake{"fault_nonsense", {"--fault", "fire", "SOURCE", "DEST"}, "--fault"},
        Mistake{"unknown_option", {"--turbo", "SOURCE", "DEST"}, "--turbo"},
        Mistake{"no_source", {}, "SOURCE"}, Mistake{"empty_source", {"", "DEST"}, "source"},
        Mistake{"empty_destination", {"SOURCE", ""}, "destination"},
        Mistake{"unknown_placeholder", {"SOURCE", "{hostname}"}, "{rank} and {host}"},
        Mistake{"three_names", {"SOURCE", "DEST", "third"}, "third"}),
    [](const auto& test) { return test.param.what; });

class Launch : public JobTest {};

TEST_F(Launch, nonsense_in_the_environment_is_refused) {
  make_source(1000);
  Command command = scatter(3, {source, destination});
  command.environment = {{"MPIFERRY_WINDOW", "wide"}};
  expect_failed(run(command), 2, "--window is set by MPIFERRY_WINDOW in the environment");
}

TEST_F(Launch, warns_once_of_a_variable_that_is_no_option) {
  make_source(1000);
  Command command = job(3);
  command.environment = {{"MPIFERRY_CHUNKSIZE", "10"}};
  const Finished finished = run(command);
  expect_moved(finished);
  EXPECT_EQ(finished.err,
            "mpiferry: warning: MPIFERRY_CHUNKSIZE in the environment is not an option; did you "
            "mean MPIFERRY_CHUNK_SIZE?\n");
  command.words.insert(command.words.begin() + 5, {"-q", "--force"});
  EXPECT_EQ(run(command).output(), "");
}

// What only the job finds.
TEST_F(Launch, a_memory_in_the_environment_that_is_too_small_is_named) {
  make_source(1000);
  Command command = scatter(3, {source, destination});
  command.environment = {{"MPIFERRY_MEMORY", "512K"}};
  const Finished finished = run(command);
  expect_failed(finished, 2, "--memory 524288: must be at least 1048576");
  EXPECT_NE(finished.err.find("--memory is set by MPIFERRY_MEMORY"), std::string::npos)
      << finished.err;
}

TEST_F(Launch, without_a_command_is_refused) {
  expect_failed(run({{MPIFERRY_MPIEXEC, "-n", "3", MPIFERRY_BINARY}}), 2);
  expect_failed(
      run({{MPIFERRY_MPIEXEC, "-n", "3", MPIFERRY_BINARY, "collect", source}}), 2,
      "'collect' is not a command; the commands are scatter, gather, verify, tune, bench");
}

TEST_F(Launch, of_one_rank_is_refused) {
  make_source(1000);
  const Finished finished = run_job(1);
  expect_failed(finished, 7, "mpirun -n");
  EXPECT_FALSE(fs::exists(destination));
}

TEST_F(Launch, without_mpirun_is_refused) {
  make_source(1000);
  const Finished finished = run({{MPIFERRY_BINARY, "scatter", source, destination}});
  expect_failed(finished, 7, "mpirun -n");
  EXPECT_FALSE(fs::exists(destination));
}

// Open MPI's mpirun ends the other ranks as soon as one fails: the one that reports must be heard
// even if it starts last.
class AnotherMpisLauncher : public Launch {
 protected:
  static Arguments openmpi_mpirun() {
    Arguments words{MPIFERRY_OPENMPI_MPIRUN, "--oversubscribe"};
    if (::geteuid() == 0) words.emplace_back("--allow-run-as-root");
    return words;
  }

  // Runs mpiferry with `arguments` under Open MPI's mpirun, where rank 0 starts late.
  Finished run_with_late_rank_0(const std::vector<std::string>& arguments) {
    Command command{openmpi_mpirun()};
    command.words.insert(
        command.words.end(),
        {"-n", "3", "sh", "-c", "[ $OMPI_COMM_WORLD_RANK != 0 ] || sleep 0.5; exec \"$@\"", "sh",
         MPIFERRY_BINARY});
    command.words.insert(command.words.end(), arguments.begin(), arguments.end());
    return run(command);
  }

  void SetUp() override {
    Launch::SetUp();
    if (std::string{MPIFERRY_OPENMPI_MPIRUN}.empty()) GTEST_SKIP() << "Open MPI is not installed";
  }
};

TEST_F(AnotherMpisLauncher, is_refused_with_its_name) {
  make_source(1000);
  const Finished finished = run_with_late_rank_0({"scatter", source, destination});
  expect_failed(finished, 7, "Open MPI's mpirun started 3");
  EXPECT_NE(finished.err.find("mpirun.mpich"), std::string::npos) << finished.err;
  EXPECT_FALSE(fs::exists(destination));
}

TEST_F(AnotherMpisLauncher, is_told_of_wrong_usage_once) {
  const Finished finished = run_with_late_rank_0({"scatter"});
  expect_failed(finished, 2, "SOURCE");
}

// The rank that it names is perhaps not there.
TEST_F(AnotherMpisLauncher, does_not_silence_the_only_rank_that_starts) {
  make_source(1000);
  Command command{openmpi_mpirun()};
  command.words.insert(command.words.end(),
                       {"-n", "2", "sh", "-c", "[ $OMPI_COMM_WORLD_RANK = 0 ] || exec \"$@\"", "sh",
                        MPIFERRY_BINARY, "scatter", source, destination});
  expect_failed(run(command), 7, "Open MPI's mpirun started 2");
}

TEST_F(AnotherMpisLauncher, is_known_past_a_wrapper) {
  make_source(1000);
  ASSERT_EQ(run_job(3).exit_code, 0);
  const fs::path copy = temporary / "copy";
  Command command{openmpi_mpirun()};
  command.words.insert(command.words.end(), {"-n", "3", "timeout", "60", MPIFERRY_BINARY, "gather",
                                             "--json", report_path, destination, copy});
  const Finished finished = run(command);
  EXPECT_EQ(finished.exit_code, 7) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1) << describe(finished);
  EXPECT_NE(finished.err.find("Open MPI's mpirun started 3"), std::string::npos)
      << describe(finished);
  EXPECT_FALSE(fs::exists(copy));
  EXPECT_EQ(report()["verdict"], "wrong_launcher");
}

TEST_F(AnotherMpisLauncher, lets_a_job_script_verify) {
  make_source(1000);
  ASSERT_EQ(run_job(3).exit_code, 0);
  Command command{openmpi_mpirun()};
  command.words.insert(command.words.end(), {"-n", "2", "sh", "-c", "\"$@\"; exit $?", "sh",
                                             MPIFERRY_BINARY, "verify", "-q", destination});
  const Finished finished = run(command);
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
}

}  // namespace
}  // namespace mpiferry::e2e
