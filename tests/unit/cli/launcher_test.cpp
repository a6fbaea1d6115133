// These tests show which launcher counts as the one that started this process: variables outlive
// the launcher that set them.
#include "cli/process/launcher.hpp"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <initializer_list>
#include <iterator>
#include <netinet/in.h>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cli/process/pmi.hpp"

namespace mpiferry::cli {
namespace {

constexpr const char* kInit = "1";  // a process id that neither we have nor a wrapper
constexpr const char* kLibrary = "MPICH Version: 4.0.2";

constexpr auto kVariables = std::to_array<const char*>(
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_FD", "PMI_ID", "PMI_PORT", "PMI_RANK",
     "PMI_SIZE", "PMIX_RANK", "SLURM_JOB_ID", "SLURM_NTASKS", "SLURM_PROCID", "SLURM_STEP_ID",
     "SLURM_STEP_NUM_TASKS", "SLURM_TASK_PID"});

class DetectLauncher : public ::testing::Test {
 protected:
  DetectLauncher() { clear(); }
  ~DetectLauncher() override { clear(); }
  static void clear() {
    for (const char* name : kVariables) ::unsetenv(name);
  }
  static void set(std::initializer_list<std::pair<const char*, std::string>> variables) {
    for (const auto& [name, value] : variables) ::setenv(name, value.c_str(), 1);
  }
  // Sets what Slurm 22.05 sets for the second of three tasks.
  static void set_step() {
    set({{"SLURM_JOB_ID", "7"},
         {"SLURM_NTASKS", "3"},
         {"SLURM_PROCID", "1"},
         {"SLURM_STEP_ID", "0"},
         {"SLURM_STEP_NUM_TASKS", "3"},
         {"SLURM_TASK_PID", std::to_string(::getpid())}});
  }
};

// The launcher's end of PMI_FD, and the rank's.
struct Channel {
  Channel() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0); }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  std::string rank_end() const { return std::to_string(ends[1]); }

  std::array<int, 2> ends{};
};

// What `check` returns in a process whose parent, grandparent and so on are called as `above` says.
bool in_child_of(std::initializer_list<const char*> above, bool (*check)()) {
  const pid_t child = ::fork();
  if (child != 0) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  for (auto name = std::rbegin(above); name != std::rend(above); ++name) {
    ::prctl(PR_SET_NAME, *name);
    const pid_t next = ::fork();
    if (next == 0) continue;
    int status = 0;
    ::waitpid(next, &status, 0);
    ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  }
  ::_exit(check() ? 0 : 1);
}

TEST_F(DetectLauncher, finds_none_in_an_empty_environment) {
  const Launcher launcher = Launcher::detect();
  EXPECT_EQ(launcher.name, "");
  EXPECT_EQ(launcher.rank, 0);
  EXPECT_FALSE(launcher.several());
}

TEST_F(DetectLauncher, knows_a_task_of_srun) {
  set_step();
  const Launcher launcher = Launcher::detect();
  EXPECT_EQ(launcher.name, "srun");
  EXPECT_EQ(launcher.rank, 1);
  EXPECT_EQ(launcher.size, 3);
  EXPECT_TRUE(launcher.several());
}

TEST_F(DetectLauncher, works_alone_in_a_script_that_srun_started) {
  set_step();
  set({{"SLURM_TASK_PID", kInit}});
  EXPECT_FALSE(Launcher::detect().several());
}

// The job has 8 tasks; the script itself is one process.
TEST_F(DetectLauncher, works_alone_in_a_batch_script) {
  set({{"SLURM_JOB_ID", "1"},
       {"SLURM_PROCID", "0"},
       {"SLURM_NTASKS", "8"},
       {"SLURM_TASK_PID", std::to_string(::getpid())}});  // as after exec
  EXPECT_FALSE(Launcher::detect().several());
}

// sbatch passes on the variables of the step in which it is called, and sets SLURM_TASK_PID anew.
TEST_F(DetectLauncher, works_alone_in_a_batch_script_that_a_step_submitted) {
  set_step();
  set({{"SLURM_PROCID", "0"}, {"SLURM_TASK_PID", kInit}});
  EXPECT_FALSE(Launcher::detect().several());
}

TEST_F(DetectLauncher, works_alone_in_an_interactive_step) {
  set_step();
  set({{"SLURM_PROCID", "0"},
       {"SLURM_STEP_ID", "4294967290"},
       {"SLURM_STEP_NUM_TASKS", "1"},
       {"SLURM_TASK_PID", kInit}});
  EXPECT_FALSE(Launcher::detect().several());
}

TEST_F(DetectLauncher, knows_a_rank_of_mpich) {
  const Channel channel;
  set({{"PMI_RANK", "1"}, {"PMI_SIZE", "3"}, {"PMI_FD", channel.rank_end()}});
  const Launcher launcher = Launcher::detect();
  EXPECT_EQ(launcher.name, "MPICH's mpirun");
  EXPECT_TRUE(launcher.several());
}

// srun --mpi=pmi2 offers PMI as well.
TEST_F(DetectLauncher, knows_srun_that_offers_pmi) {
  const Channel channel;
  set_step();
  set({{"PMI_RANK", "1"}, {"PMI_SIZE", "3"}, {"PMI_FD", channel.rank_end()}});
  EXPECT_EQ(Launcher::detect().name, "srun");
}

// On other hosts of a Slurm job, mpirun starts its daemons with srun.
TEST_F(DetectLauncher, knows_mpich_in_a_step_of_its_daemons) {
  const Channel channel;
  set_step();
  set({{"SLURM_TASK_PID", kInit},
       {"PMI_RANK", "2"},
       {"PMI_SIZE", "4"},
       {"PMI_FD", channel.rank_end()}});
  const Launcher launcher = Launcher::detect();
  EXPECT_EQ(launcher.name, "MPICH's mpirun");
  EXPECT_EQ(launcher.rank, 2);
  EXPECT_EQ(launcher.size, 4);
}

TEST_F(DetectLauncher, believes_no_variables_of_mpich_without_a_connection) {
  set({{"PMI_RANK", "2"}, {"PMI_SIZE", "4"}});
  EXPECT_FALSE(Launcher::detect().several());
  for (const char* not_connected : {"-1", "999", "x", ""}) {
    set({{"PMI_FD", not_connected}});
    EXPECT_FALSE(Launcher::detect().several()) << not_connected;
  }
  const Channel channel;
  set({{"PMI_FD", channel.rank_end()}});
  ::shutdown(channel.ends[0], SHUT_RDWR);
  EXPECT_FALSE(Launcher::detect().several());
}

TEST_F(DetectLauncher, knows_a_rank_of_open_mpi) {
  set({{"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "4"}, {"PMIX_RANK", "2"}});
  for (const char* daemon :
       {"orted", "orterun", "mpirun", "mpirun.openmpi", "mpiexec", "prterun", "prted"}) {
    EXPECT_TRUE(in_child_of({daemon}, [] {
      const Launcher launcher = Launcher::detect();
      return launcher.several() && launcher.name == "Open MPI's mpirun" && launcher.rank == 2;
    })) << daemon;
  }
}

TEST_F(DetectLauncher, believes_no_variables_of_open_mpi_that_a_shell_passes_on) {
  set({{"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "4"}, {"PMIX_RANK", "2"}});
  EXPECT_TRUE(in_child_of({"bash"}, [] { return !Launcher::detect().several(); }));
}

TEST_F(DetectLauncher, looks_for_open_mpi_past_what_starts_one_command) {
  set({{"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "4"}});
  const auto several = [] { return Launcher::detect().several(); };
  EXPECT_TRUE(in_child_of({"timeout", "orterun"}, several));
  EXPECT_TRUE(in_child_of({"strace", "timeout", "prted"}, several));
}

// A script may start several of them, one after the other, with or without a wrapper.
TEST_F(DetectLauncher, looks_for_open_mpi_past_no_shell) {
  set({{"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "4"}});
  const auto alone = [] { return !Launcher::detect().several(); };
  EXPECT_TRUE(in_child_of({"bash", "orterun"}, alone));
  EXPECT_TRUE(in_child_of({"python3", "orterun"}, alone));
  EXPECT_TRUE(in_child_of({"timeout", "bash", "orterun"}, alone));
}

TEST_F(DetectLauncher, knows_a_task_of_srun_that_is_a_wrapper) {
  const auto several = [] {
    set_step();
    set({{"SLURM_TASK_PID", std::to_string(::getppid())}});
    return Launcher::detect().several();
  };
  EXPECT_TRUE(in_child_of({"timeout", "slurmstepd"}, several));
  EXPECT_FALSE(in_child_of({"bash", "slurmstepd"}, several));
}

TEST_F(DetectLauncher, prefers_the_launcher_that_is_there) {
  const Channel channel;
  set({{"OMPI_COMM_WORLD_RANK", "2"},
       {"OMPI_COMM_WORLD_SIZE", "4"},
       {"PMI_RANK", "0"},
       {"PMI_SIZE", "3"},
       {"PMI_FD", channel.rank_end()}});
  EXPECT_EQ(Launcher::detect().name, "MPICH's mpirun");
  EXPECT_EQ(Launcher::detect().rank, 0);
}

// MPI_Init would wait for ever.
TEST_F(DetectLauncher, finds_fault_with_a_rank_that_pmi_cannot_have) {
  const Channel channel;
  for (const auto& [rank, size, fault] :
       std::initializer_list<std::array<const char*, 3>>{{nullptr, "3", "PMI_RANK is missing"},
                                                         {"abc", "3", "PMI_RANK is 'abc'"},
                                                         {"3", "3", "PMI_RANK is '3'"},
                                                         {"-1", "3", "PMI_RANK is '-1'"},
                                                         {"0", nullptr, "PMI_SIZE is missing"},
                                                         {"0", "0", "PMI_SIZE is '0'"}}) {
    clear();
    set({{"PMI_FD", channel.rank_end()}});
    if (rank != nullptr) set({{"PMI_RANK", rank}});
    if (size != nullptr) set({{"PMI_SIZE", size}});
    const Launcher launcher = Launcher::detect();
    EXPECT_EQ(launcher.fault, fault);
    EXPECT_TRUE(launcher.several()) << fault;
    EXPECT_EQ(bad_environment(launcher).code, Errc::wrong_launcher);
    EXPECT_NE(bad_environment(launcher).detail.find(fault), std::string::npos);
  }
}

TEST_F(DetectLauncher, finds_fault_with_a_rank_of_mpich_that_has_no_variables) {
  const auto has_fault = [] { return !Launcher::detect().fault.empty(); };
  EXPECT_TRUE(in_child_of({"hydra_pmi_proxy"}, has_fault));
  EXPECT_FALSE(in_child_of({"bash", "hydra_pmi_proxy"}, has_fault));
  EXPECT_FALSE(has_fault());
  set({{"PMI_PORT", "node7:1234"}, {"PMI_ID", "0"}});  // mpirun -pmi-port
  EXPECT_FALSE(in_child_of({"hydra_pmi_proxy"}, has_fault));
}

TEST_F(DetectLauncher, finds_no_fault_with_variables_of_a_launcher_that_has_gone) {
  set({{"PMI_FD", "999"}, {"PMI_RANK", "abc"}, {"PMI_SIZE", "3"}});
  EXPECT_EQ(Launcher::detect().fault, "");
}

TEST_F(DetectLauncher, does_not_take_a_pmix_launcher_for_several) {
  set({{"PMIX_RANK", "2"}});
  EXPECT_EQ(Launcher::detect().size, 1);
}

TEST(StandardInputWarning, comes_from_rank_0_of_mpich) {
  Launcher launcher{.name = "MPICH's mpirun", .size = 3, .direct = true};
  EXPECT_NE(launcher.standard_input_warning(), "");
  launcher.rank = 1;
  EXPECT_EQ(launcher.standard_input_warning(), "");
  launcher = {.name = "MPICH's mpirun", .size = 3, .direct = false};
  EXPECT_EQ(launcher.standard_input_warning(), "");
}

// With srun --input=0 the others have /dev/null.
TEST(StandardInputWarning, comes_from_rank_1_of_srun_that_has_a_pipe) {
  const auto warned = [](int rank) {
    return !Launcher{.name = "srun", .rank = rank, .size = 3, .direct = true}
                .standard_input_warning()
                .empty();
  };
  const int before = ::dup(STDIN_FILENO);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::dup2(ends[0], STDIN_FILENO);
  EXPECT_FALSE(warned(0));
  EXPECT_TRUE(warned(1));
  EXPECT_FALSE(warned(2));
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  EXPECT_FALSE(warned(1));
  ::dup2(before, STDIN_FILENO);
  for (const int descriptor : {before, ends[0], ends[1], nothing}) ::close(descriptor);
}

class ForgetClosedPmi : public DetectLauncher {};

TEST_F(ForgetClosedPmi, keeps_a_connection) {
  const Channel channel;
  set({{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}, {"PMI_FD", channel.rank_end()}});
  forget_closed_pmi();
  EXPECT_STREQ(std::getenv("PMI_FD"), channel.rank_end().c_str());
  EXPECT_STREQ(std::getenv("PMI_SIZE"), "2");
}

TEST_F(ForgetClosedPmi, removes_what_would_make_mpi_fail) {
  set({{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}, {"PMI_FD", "999"}});
  forget_closed_pmi();
  for (const char* name : {"PMI_FD", "PMI_RANK", "PMI_SIZE"}) {
    EXPECT_EQ(std::getenv(name), nullptr) << name;
  }
}

// Some launchers connect without it.
TEST_F(ForgetClosedPmi, leaves_variables_without_pmi_fd) {
  set({{"PMI_RANK", "0"}, {"PMI_SIZE", "2"}});
  forget_closed_pmi();
  EXPECT_STREQ(std::getenv("PMI_RANK"), "0");
}

// Is a socket that listens on this host, with its address.
struct Listener {
  Listener() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(socket, 1), 0);
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
    place = "localhost:" + std::to_string(ntohs(address.sin_port));
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { ::close(socket); }

  int socket;
  std::string place;
};

TEST_F(ForgetClosedPmi, removes_a_port_where_nobody_listens) {
  std::string place;
  {
    const Listener listener;
    place = listener.place;
    set({{"PMI_PORT", place}, {"PMI_ID", "0"}});
    forget_closed_pmi();
    EXPECT_STREQ(std::getenv("PMI_PORT"), place.c_str());
  }
  forget_closed_pmi();
  EXPECT_EQ(std::getenv("PMI_PORT"), nullptr) << place;
  EXPECT_EQ(std::getenv("PMI_ID"), nullptr);
}

// Whether somebody listens there, cannot be seen from here.
TEST_F(ForgetClosedPmi, leaves_a_port_of_another_host) {
  for (const char* place : {"192.0.2.1:12345", "localhost", "no such host:1", "localhost:port"}) {
    set({{"PMI_PORT", place}, {"PMI_ID", "0"}});
    forget_closed_pmi();
    EXPECT_STREQ(std::getenv("PMI_PORT"), place);
  }
}

// Returns how many of several siblings, each with a launcher, report. All are children of this
// process.
int reports(std::initializer_list<Launcher> launchers) {
  std::vector<pid_t> children;
  for (const Launcher& launcher : launchers) {
    children.push_back(::fork());
    if (children.back() == 0) {
      int reported = 0;
      launcher.report_once([&reported] { reported = 1; });
      ::_exit(reported);
    }
  }
  int reported = 0;
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    reported += WEXITSTATUS(status);
  }
  return reported;
}

Launcher srun(int rank, bool direct) {
  return {.name = "srun", .rank = rank, .size = 4, .direct = direct};
}

TEST(ReportOnce, reports_without_a_launcher) { EXPECT_EQ(reports({{}}), 1); }

TEST(ReportOnce, reports_on_one_of_siblings) {
  EXPECT_EQ(reports({srun(3, true), srun(0, true), srun(1, true), srun(2, true)}), 1);
}

TEST(ReportOnce, reports_where_rank_0_is_not_there) {
  EXPECT_EQ(reports({srun(3, true), srun(2, true)}), 1);
}

// They are no siblings, but two programs that know nothing of each other.
TEST(ReportOnce, reports_on_each_that_no_launcher_started) {
  EXPECT_EQ(reports({srun(2, false), srun(2, false)}), 2);
}

TEST(TooFewRanks, says_what_to_start_instead_of_a_foreign_launcher) {
  const Failure failure = too_few_ranks({.name = "Open MPI's mpirun", .size = 3, .direct = true},
                                        kLibrary, "scatter SOURCE");
  EXPECT_EQ(failure.code, Errc::wrong_launcher);
  EXPECT_NE(failure.detail.find("Open MPI's mpirun started 3"), std::string::npos);
  EXPECT_NE(failure.detail.find(kLibrary), std::string::npos);
  EXPECT_NE(failure.hint.find("mpirun.mpich"), std::string::npos);
}

TEST(Launcher, has_two_ranks_at_most_that_say_what_a_start_waits_for) {
  const auto patience = [](int rank, int size) {
    return Launcher{.name = "srun", .rank = rank, .size = size, .direct = true}.start_patience();
  };
  EXPECT_EQ(patience(0, 1), std::nullopt) << "it waits for nobody";
  EXPECT_EQ(patience(0, 4), std::chrono::seconds{10});
  EXPECT_EQ(patience(1, 4), std::nullopt);
  EXPECT_EQ(patience(2, 4), std::nullopt);
  EXPECT_EQ(patience(3, 4), std::chrono::seconds{60}) << "rank 0 may not be there";
}

TEST(TooFewRanks, names_the_option_that_srun_needs) {
  const Failure failure =
      too_few_ranks({.name = "srun", .size = 3, .direct = true}, kLibrary, "scatter SOURCE");
  EXPECT_EQ(failure.code, Errc::wrong_launcher);
  EXPECT_NE(failure.hint.find("srun --mpi=pmi2"), std::string::npos);
}

TEST_F(DetectLauncher, is_told_how_to_start_several_ranks) {
  const auto hint = [](const Launcher& launcher) {
    const Failure failure = too_few_ranks(launcher, kLibrary, "tune DIR DEST");
    EXPECT_EQ(failure.code, Errc::too_few_ranks);
    return failure.hint;
  };
  EXPECT_EQ(hint({}), "start it as: mpirun -n 4 mpiferry tune DIR DEST");
  EXPECT_EQ(hint({.name = "MPICH's mpirun", .size = 2}),
            "start it with its own mpirun: mpirun -n 4 mpiferry tune DIR DEST");
  set({{"SLURM_JOB_ID", "7"}});
  EXPECT_EQ(hint({}), "start it as: srun --mpi=pmi2 -n 4 mpiferry tune DIR DEST, or with mpirun");
}

}  // namespace
}  // namespace mpiferry::cli
