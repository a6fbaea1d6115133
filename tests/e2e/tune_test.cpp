// mpiferry tune: the advice, the profile, and nothing left of the measurements.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <ostream>
#include <string>
#include <system_error>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

// Every path below `root`, directories included.
Words everything_below(const fs::path& root) {
  Words out;
  std::error_code gone;  // what goes while we look
  for (fs::recursive_directory_iterator it{root, gone}, end; !gone && it != end;
       it.increment(gone)) {
    out.push_back(it->path().lexically_relative(root));
  }
  std::ranges::sort(out);
  return out;
}

// "1,2,3" up to `last`.
std::string list_of_windows(int last) {
  std::string list = "1";
  for (int window = 2; window <= last; ++window) {
    list += ',';
    list += std::to_string(window);
  }
  return list;
}

// By a signal that stops.
bool is_stopped(pid_t pid) {
  const std::string status = read_file(fs::path{"/proc"} / std::to_string(pid) / "stat");
  return status.find(") T ") != std::string::npos;
}

class Tune : public JobTest {
 protected:
  Tune() {
    fs::create_directory(sources);
    fs::create_directory(destination);
    write_file(sources / "theirs.dat", "theirs");
    // What a scatter --force would remove.
    write_file(destination / "chunk_0.bin", "theirs");
    write_file(destination / "manifest.json", "{}");
  }

  // A few small cases; `size` is that of the sample.
  Command tune(int ranks, const Words& more = {}, const std::string& size = "16M",
               const std::string& repetitions = "2") const {
    Command command{{MPIFERRY_MPIEXEC, "-n", std::to_string(ranks), MPIFERRY_BINARY, "tune",
                     "--size", size, "--chunks", "256K,1M", "--windows", "2,8", "--repetitions",
                     repetitions, "--json", report_path}};
    command.words.insert(command.words.end(), more.begin(), more.end());
    command.words.insert(command.words.end(), {"--", sources, destination});
    command.environment = {{"XDG_CONFIG_HOME", config}};
    return command;
  }
  Json json_of(const fs::path& file) const {
    return Json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  }
  void expect_nothing_left() const {
    EXPECT_EQ(everything_below(sources), Words{"theirs.dat"});
    EXPECT_EQ(everything_below(temporary / "dest"), (Words{"chunk_0.bin", "manifest.json"}));
  }
  void expect_no_profile() const { EXPECT_FALSE(fs::exists(config)); }
  void expect_refused(const Finished& finished, int exit_code, const std::string& message) const {
    EXPECT_EQ(finished.exit_code, exit_code) << told(finished);
    EXPECT_EQ(error_lines(finished), 1) << told(finished);
    EXPECT_NE(finished.err.find(message), std::string::npos) << message << '\n' << told(finished);
    EXPECT_TRUE(finished.left.empty()) << told(finished);
    expect_nothing_left();
    expect_no_profile();
  }

  fs::path sources = temporary / "sources";
  fs::path config = temporary / "config";
  fs::path profile = config / "mpiferry/profile.json";
};

TEST_F(Tune, writes_a_profile_that_scatter_uses) {
  for (const int ranks : {2, 3}) {
    const Finished finished = run(tune(ranks));
    ASSERT_EQ(finished.exit_code, 0) << told(finished);
    EXPECT_EQ(error_lines(finished), 0) << told(finished);
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
    ASSERT_EQ(moved.exit_code, 0) << told(moved);
    EXPECT_NE(moved.out.find(profile.string()), std::string::npos) << told(moved);
    const Json said = json_of(temporary / "scatter.json");
    EXPECT_EQ(said["chunk_size"], advice["chunk_size"]);
    EXPECT_EQ(said["window"], advice["window"]);
    EXPECT_EQ(said["profile"], profile.string());
  }
}

TEST_F(Tune, says_all_figures_for_programs_and_the_rule_for_people) {
  const Finished finished = run(tune(3, {"--fsync", "--profile", "none"}));
  ASSERT_EQ(finished.exit_code, 0) << told(finished);
  const Json said = json_of(report_path);
  ASSERT_TRUE(said.is_object()) << read_file(report_path);
  EXPECT_EQ(said["schema"], "mpiferry.tune/1");
  EXPECT_EQ(said["verdict"], "ok");
  EXPECT_EQ(said["complete"], true);
  EXPECT_EQ(said["profile"], nullptr);
  EXPECT_EQ(said["fsync"], true);
  EXPECT_GE(said["noise"], 0.02);
  ASSERT_EQ(said["cases"].size(), 4U);
  EXPECT_EQ(said["cases"][0]["chunk_size"], said["default"]["chunk_size"]);
  EXPECT_EQ(said["cases"][0]["window"], said["default"]["window"]);
  for (const Json& it : said["cases"]) {
    EXPECT_EQ(it["measurements"], 2);
    EXPECT_LE(it["lowest"], it["gigabytes_per_second"]);
    EXPECT_LE(it["gigabytes_per_second"], it["highest"]);
  }
  for (const char* word : {"with fsync", "default", "best", "noise", "no profile was written"}) {
    EXPECT_NE(finished.out.find(word), std::string::npos) << word << '\n' << told(finished);
  }
  const bool keeps = said["keep_defaults"];
  EXPECT_NE(finished.out.find(keeps ? "keep the defaults" : "use --chunk-size"), std::string::npos)
      << told(finished);
  expect_no_profile();
  expect_nothing_left();
}

TEST_F(Tune, leaves_directories_of_each_rank_as_they_were) {
  const fs::path dest = destination;
  destination = dest / "{host}/new/{rank}";
  const Finished finished = run(tune(4, {"--profile", temporary / "here.json"}));
  ASSERT_EQ(finished.exit_code, 0) << told(finished);
  destination = dest;
  expect_nothing_left();
  expect_no_profile();
  EXPECT_EQ(json_of(temporary / "here.json")["destination"]["pattern"],
            (dest / "{host}/new/{rank}").string());
}

TEST_F(Tune, quiet_prints_nothing_and_a_dash_only_json) {
  EXPECT_EQ(run(tune(3, {"-q"})).output(), "");
  Command command = tune(3, {"-v", "--json", "-"});
  std::erase(command.words, "--json");
  std::erase(command.words, report_path.string());
  std::erase(command.words, "-");
  command.words.insert(command.words.begin() + 5, {"--json", "-"});
  const Finished finished = run(command);
  ASSERT_EQ(finished.exit_code, 0) << told(finished);
  EXPECT_EQ(Json::parse(finished.out, nullptr, false)["schema"], "mpiferry.tune/1") << finished.out;
  EXPECT_NE(finished.err.find("tune: 8 of 8"), std::string::npos) << finished.err;
}

TEST_F(Tune, can_be_told_in_the_environment_what_scatter_does_not_look_at) {
  Command command{{MPIFERRY_MPIEXEC, "-n", "3", MPIFERRY_BINARY, "tune", sources, destination}};
  command.environment = {{"MPIFERRY_SIZE", "8M"},      {"MPIFERRY_CHUNKS", "512K,2M"},
                         {"MPIFERRY_WINDOWS", "3"},    {"MPIFERRY_JSON", report_path},
                         {"MPIFERRY_PROFILE", "none"}, {"MPIFERRY_WINDOW", "nonsense"}};
  const Finished finished = run(command);
  ASSERT_EQ(finished.exit_code, 0) << told(finished);
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
  ASSERT_EQ(finished.exit_code, 0) << told(finished);
  const Json said = json_of(report_path);
  EXPECT_EQ(said["complete"], false);
  EXPECT_NE(finished.out.find("time was up (--budget)"), std::string::npos) << told(finished);
  expect_nothing_left();
}

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

TEST_F(Tune, that_can_not_write_its_profile_says_so_before_it_measures) {
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

// A file system of 8 MiB at "$1", then the command; what is there afterwards is printed.
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
    EXPECT_NE(finished.err.find("smaller --size"), std::string::npos) << told(finished);
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

TEST_F(Tune, interrupted_ends_with_130_and_leaves_nothing) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Command command = tune(3, {"--budget", "0"}, "64M", "100");
    // mpirun's own status is a race inside of hydra: each rank notes its own.
    command.words.insert(
        command.words.begin() + 3,
        {"sh", "-c", R"(trap : INT TERM; notes=$1; shift; "$@"; echo $? > "$notes/$PMI_RANK")",
         "sh", temporary.path()});
    Process running{command};
    ASSERT_TRUE(eventually([this] { return everything_below(destination).size() > 10; }));
    nap(300ms);
    running.signal(signal);
    EXPECT_TRUE(eventually([&] { return running.ranks().empty(); }, 10s));
    const Finished finished = running.wait();
    for (const char* rank : {"0", "1", "2"}) {
      EXPECT_EQ(read_file(temporary / rank), "130\n") << told(finished);
    }
    EXPECT_EQ(error_lines(finished), 1) << told(finished);
    EXPECT_NE(finished.err.find("no profile was written"), std::string::npos) << told(finished);
    expect_nothing_left();
    expect_no_profile();
    const Json said = json_of(report_path);
    EXPECT_EQ(said["verdict"], "interrupted");
    EXPECT_EQ(said["exit_code"], 130);
    EXPECT_EQ(said["complete"], false);
  }
}

TEST_F(Tune, interrupted_while_the_sample_is_made_leaves_nothing) {
  Process running{tune(3, {}, "8G")};
  ASSERT_TRUE(eventually([this] { return everything_below(sources).size() > 1; }));
  running.signal(SIGINT);
  EXPECT_TRUE(eventually([&] { return running.ranks().empty(); }, 10s));
  const Finished finished = running.wait();
  EXPECT_EQ(error_lines(finished), 1) << told(finished);
  EXPECT_NE(finished.err.find("interrupted (SIGINT)"), std::string::npos) << told(finished);
  expect_nothing_left();
  expect_no_profile();
}

TEST_F(Tune, of_one_file_for_profile_and_figures_is_refused_before_it_measures) {
  // The figures go to report_path.
  const Words same{"--profile", temporary / "sources/../report.json"};
  expect_refused(run(tune(3, same)), 2, "--profile and --json name the same file");
}

// A rank that stops outside of the jobs, and then Ctrl-C.
class TuneStopped : public Tune {
 protected:
  // Each rank notes its process.
  Command noted(Command command) const {
    command.words.insert(
        command.words.begin() + 3,
        {"sh", "-c", R"(echo $$ > "$1/pid$PMI_RANK"; shift; exec "$@")", "sh", temporary.path()});
    return command;
  }
  void stop(int rank) const {
    const std::string text = read_file(temporary / ("pid" + std::to_string(rank)));
    ASSERT_FALSE(text.empty());
    ASSERT_EQ(::kill(std::stoi(text), SIGSTOP), 0);
  }
  bool sample_begun() const { return everything_below(sources).size() > 1; }
  void expect_gone(Process& running, int missing) const {
    expect_interrupted(running,
                       "rank " + std::to_string(missing) + " has not come to the meeting ");
  }
  // In time, with one message that has these words too, and with nothing left.
  void expect_interrupted(Process& running, const std::string& message) const {
    EXPECT_TRUE(eventually([&] { return running.ranks().empty(); }, 10s));
    const Finished finished = running.wait();
    EXPECT_NE(finished.exit_code, 0) << told(finished);
    EXPECT_EQ(error_lines(finished), 1) << told(finished);
    for (const std::string& words : {std::string{"interrupted (SIGINT)"}, message}) {
      EXPECT_NE(finished.err.find(words), std::string::npos) << words << '\n' << told(finished);
    }
    EXPECT_TRUE(finished.left.empty()) << told(finished);
    expect_nothing_left();
    expect_no_profile();
    const Json said = json_of(report_path);
    EXPECT_EQ(said["verdict"], "interrupted");
    EXPECT_EQ(said["exit_code"], 130);
  }
};

TEST_F(TuneStopped, while_the_sample_is_made_does_not_swallow_a_signal) {
  Process running{noted(tune(3, {}, "8G"))};
  ASSERT_TRUE(eventually([this] { return sample_begun(); }));
  nap(200ms);
  stop(2);
  running.signal(SIGINT);
  expect_gone(running, 2);
}

TEST_F(TuneStopped, and_waited_for_does_not_swallow_a_signal) {
  Process running{noted(tune(4, {}, "384M"))};
  ASSERT_TRUE(eventually([this] { return sample_begun(); }));
  stop(1);
  // The sample is whole, and rank 0 waits.
  ASSERT_TRUE(eventually(
      [this] {
        std::uintmax_t size = 0;
        std::error_code gone;
        for (const auto& entry : fs::directory_iterator{sources}) {
          size = std::max(size, entry.file_size(gone));
        }
        return size == (std::uintmax_t{384} << 20U);
      },
      30s));
  nap(1500ms);
  running.signal(SIGINT);
  expect_gone(running, 1);
}

// Rank 2 stops at the N-th of its calls of MPI that may wait for others: in each of the meetings at
// the start, and when it enters the first job.
constexpr int kFirstCallOfJobs = 13;
class TuneStoppedAt : public TuneStopped, public ::testing::WithParamInterface<int> {};

TEST_P(TuneStoppedAt, does_not_swallow_a_signal) {
  const int call = GetParam();
  Command command = tune(3);
  std::ranges::replace(command.words, std::string{MPIFERRY_BINARY}, std::string{MPIFERRY_STOPPING});
  command.environment.insert(command.environment.end(),
                             {{"FERRY_STOP_RANK", "2"}, {"FERRY_STOP_AT", std::to_string(call)}});
  Process running{noted(command)};
  const auto stopped = [this] {
    const std::string pid = read_file(temporary / "pid2");
    return !pid.empty() && is_stopped(std::stoi(pid));
  };
  ASSERT_TRUE(eventually(stopped)) << "call " << call << " was never made";
  nap(300ms);  // the others come to where they wait for it
  running.signal(SIGINT);
  if (call < kFirstCallOfJobs) {
    expect_gone(running, 2);
  } else {
    expect_interrupted(running, {});
  }
}

INSTANTIATE_TEST_SUITE_P(, TuneStoppedAt, ::testing::Values(1, 2, 4, 6, 8, 11, kFirstCallOfJobs),
                         [](const auto& test) { return "call_" + std::to_string(test.param); });

struct Mistake {
  const char* what;
  Words words;
  const char* message;
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.what; }

class TuneUsage : public Tune, public ::testing::WithParamInterface<Mistake> {};

TEST_P(TuneUsage, is_refused_in_one_message) {
  expect_refused(run(tune(3, GetParam().words)), 2, GetParam().message);
  EXPECT_FALSE(fs::exists(report_path));
}

INSTANTIATE_TEST_SUITE_P(
    , TuneUsage,
    ::testing::Values(Mistake{"chunk_of_nothing", {"--chunks", "64K,0"}, "--chunks"},
                      Mistake{"chunk_too_large", {"--chunks", "2G"}, "--chunks"},
                      Mistake{"chunks_nonsense", {"--chunks", "64K,big"}, "--chunks"},
                      Mistake{"window_0", {"--windows", "0"}, "--windows"},
                      Mistake{"window_1025", {"--windows", "8,1025"}, "--windows"},
                      Mistake{"windows_nonsense", {"--windows", "8;9"}, "--windows"},
                      Mistake{"repetitions_twice", {"--repetitions", "3"}, "--repetitions"},
                      Mistake{"budget_negative", {"--budget", "-1"}, "--budget"},
                      Mistake{"size_nonsense", {"--size", "much"}, "much"},
                      Mistake{"profile_of_no_name", {"--profile", ""}, "--profile"},
                      Mistake{"profile_to_a_dash", {"--profile", "-"}, "--profile"},
                      Mistake{"option_of_scatter", {"--force"}, "--force"},
                      Mistake{"third_name", {"third"}, "not expected"}),
    [](const auto& test) { return test.param.what; });

}  // namespace
}  // namespace mpiferry::e2e
