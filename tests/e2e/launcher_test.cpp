// Variables of a launcher that did not start this process: in a job script, in a terminal that was
// opened by a rank. gather and verify work alone there, and whatever is refused says why.
#include <filesystem>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/e2e/retrieval_job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

struct Environment {
  const char* what;
  std::vector<std::pair<std::string, std::string>> variables;
};

void PrintTo(const Environment& environment, std::ostream* out) { *out << environment.what; }

class LeftVariables : public RetrievalTest, public ::testing::WithParamInterface<Environment> {
 protected:
  LeftVariables() { chunk_size = 4096; }
  static Finished run_there(Command command) {
    command.environment = GetParam().variables;
    return run(std::move(command));
  }
};

TEST_P(LeftVariables, let_gather_and_verify_work_alone) {
  scatter_bytes(20 * chunk_size, 3);
  expect_verified(run_there(verify(0)));
  expect_gathered(run_there(gather(0)));
}

TEST_P(LeftVariables, let_mpirun_start_ranks) {
  make_source(20 * chunk_size);
  expect_moved(run_there(job(3)));
  expect_gathered(run_there(gather(3)));
}

TEST_P(LeftVariables, do_not_silence_a_refusal) {
  make_source(1000);
  expect_failed(run_there({{MPIFERRY_BINARY, "scatter", source, destination}}), 7,
                "one rank cannot move files");
  EXPECT_FALSE(fs::exists(destination));
}

TEST_P(LeftVariables, do_not_silence_help_and_version) {
  for (const Arguments& words :
       {Arguments{MPIFERRY_BINARY, "--version"}, {MPIFERRY_BINARY, "--help"}}) {
    const Finished finished = run_there({words});
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_NE(finished.out, "");
  }
}

INSTANTIATE_TEST_SUITE_P(
    , LeftVariables,
    ::testing::Values(
        Environment{"of_a_batch_script",
                    {{"SLURM_JOB_ID", "1"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}}},
        Environment{"of_a_shell_of_salloc", {{"SLURM_JOB_ID", "1"}, {"SLURM_NTASKS", "8"}}},
        Environment{"of_a_task_of_srun",
                    {{"SLURM_JOB_ID", "1"},
                     {"SLURM_STEP_ID", "0"},
                     {"SLURM_STEP_NUM_TASKS", "4"},
                     {"SLURM_NTASKS", "4"},
                     {"SLURM_PROCID", "2"},
                     {"SLURM_TASK_PID", "1"}}},
        Environment{"of_open_mpi_without_a_size", {{"OMPI_COMM_WORLD_RANK", "2"}}},
        Environment{"of_open_mpi",
                    {{"OMPI_COMM_WORLD_RANK", "2"},
                     {"OMPI_COMM_WORLD_SIZE", "4"},
                     {"PMIX_RANK", "2"},
                     {"PMIX_NAMESPACE", "1"}}},
        Environment{"of_pmix", {{"PMIX_RANK", "2"}, {"PMIX_NAMESPACE", "slurm.pmix.1.0"}}},
        Environment{"of_mpich_without_a_connection",
                    {{"PMI_RANK", "2"}, {"PMI_SIZE", "4"}, {"MPI_LOCALRANKID", "2"}}},
        Environment{"of_mpich_with_a_closed_connection",
                    {{"PMI_RANK", "2"}, {"PMI_SIZE", "4"}, {"PMI_FD", "99"}}},
        Environment{"of_mpich_whose_connection_is_a_file_now",
                    {{"PMI_RANK", "1"}, {"PMI_SIZE", "4"}, {"PMI_FD", "0"}}},
        Environment{"of_mpich_whose_port_is_closed",
                    {{"PMI_PORT", "localhost:1"}, {"PMI_ID", "0"}}},
        Environment{"of_flux", {{"FLUX_TASK_RANK", "2"}, {"FLUX_JOB_SIZE", "4"}}},
        Environment{"of_pals", {{"PALS_RANKID", "2"}, {"PALS_LOCAL_RANKID", "2"}}}),
    [](const auto& test) { return test.param.what; });

// Between mpirun and the program somebody takes variables away, or changes them.
class ChangedVariables : public RetrievalTest {
 protected:
  ChangedVariables() { chunk_size = 4096; }
  static Finished run_through(const Arguments& wrapper, const Command& command) {
    Command changed = command;
    changed.limit = 20s;
    changed.words.insert(changed.words.begin() + 3, wrapper.begin(), wrapper.end());
    return run(changed);
  }
  void expect_refused(const Arguments& wrapper, const std::string& message) {
    make_source(1000);
    expect_failed(run_through(wrapper, job(3)), 7, message);
    EXPECT_FALSE(fs::exists(destination));
  }
};

TEST_F(ChangedVariables, without_a_rank_are_refused) {
  expect_refused({"env", "-u", "PMI_RANK"}, "PMI_RANK is missing");
}

TEST_F(ChangedVariables, with_a_wrong_rank_are_refused) {
  expect_refused({"env", "PMI_RANK=abc"}, "PMI_RANK is 'abc'");
}

TEST_F(ChangedVariables, without_a_size_are_refused) {
  expect_refused({"env", "-u", "PMI_SIZE"}, "PMI_SIZE is missing");
}

TEST_F(ChangedVariables, that_are_all_gone_are_refused) {
  expect_refused({"env", "-i"}, "PMI_FD, PMI_RANK and PMI_SIZE are missing");
}

TEST_F(ChangedVariables, do_not_let_gathers_race) {
  scatter_bytes(20 * chunk_size, 3);
  expect_not_gathered(run_through({"env", "-i"}, gather(3)), 7, "are missing");
}

using LeftVariablesOfOpenMpi = JobTest;

TEST_F(LeftVariablesOfOpenMpi, do_not_silence_a_refusal) {
  const auto refused = [this](Arguments words, int code, const char* message) {
    words.insert(words.begin(), MPIFERRY_BINARY);
    Command command{std::move(words)};
    command.environment = {{"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "4"}};
    expect_failed(run(std::move(command)), code, message);
  };
  refused({"tune", temporary / "a", temporary / "b"}, 7, "one rank cannot move files");
  refused({"scatter", "--window", "0", source}, 2, "--window");
  refused({"collect"}, 2, "'collect' is not a command");
}

class ScriptOfMpirun : public RetrievalTest {
 protected:
  ScriptOfMpirun() { chunk_size = 4096; }
};

// mpirun serves the first of them only.
TEST_F(ScriptOfMpirun, may_start_one_mpiferry_after_the_other) {
  scatter_bytes(20 * chunk_size, 3);
  const Finished finished =
      run(prefixed({MPIFERRY_MPIEXEC, "-n", "2"},
                   shell(R"("$1" verify -q "$2" && "$1" verify -q "$2" && "$1" verify -q "$2")",
                         {MPIFERRY_BINARY, destination})));
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(finished.output(), "");
}

TEST_F(ScriptOfMpirun, is_told_that_a_scatter_needs_an_mpirun_of_its_own) {
  make_source(20 * chunk_size);
  const Finished finished = run(prefixed(
      {MPIFERRY_MPIEXEC, "-n", "1"},
      shell(R"("$1" --version; "$1" verify "$2"; "$1" scatter "$2")", {MPIFERRY_BINARY, source})));
  EXPECT_EQ(finished.exit_code, 7) << describe(finished);
  EXPECT_NE(finished.err.find("start it with its own mpirun"), std::string::npos)
      << describe(finished);
}

}  // namespace
}  // namespace mpiferry::e2e
