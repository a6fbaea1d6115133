// What is said of a wrong command line: the option, its range, and where the value came from.
#include "cli/options/parse.hpp"

#include <cstdlib>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace mpiferry::cli {
namespace {

// Sets a variable for one test and removes it afterwards.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

auto parsed(std::vector<const char*> words) {
  words.insert(words.begin(), "mpiferry");
  return parse(static_cast<int>(words.size()), words.data());
}

// Returns the message of a refusal; empty if there was none.
std::string refusal(const std::vector<const char*>& words) {
  const auto outcome = parsed(words);
  const auto* exit = std::get_if<EarlyExit>(&outcome);
  if (exit == nullptr) return {};
  EXPECT_EQ(exit->exit_code, 2);
  return exit->text;
}

bool contains(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

struct OutOfRange {
  const char* what;
  const char* command;
  const char* option;  // with its value: --window=0
  const char* message;
};
void PrintTo(const OutOfRange& it, std::ostream* out) { *out << it.what; }

class Range : public ::testing::TestWithParam<OutOfRange> {};

TEST_P(Range, is_said) {
  const std::string text = refusal({GetParam().command, GetParam().option, "a", "b"});
  EXPECT_TRUE(contains(text, GetParam().message)) << text;
  EXPECT_FALSE(contains(text, "environment")) << text;
}

constexpr const char* kScatter = "scatter";
constexpr const char* kTune = "tune";
INSTANTIATE_TEST_SUITE_P(
    , Range,
    ::testing::Values(
        OutOfRange{"chunk_size_0", kScatter, "--chunk-size=0",
                   "--chunk-size: 0: not a size from 1 to 1G, such as"},
        OutOfRange{"chunk_size_2G", kScatter, "--chunk-size=2G",
                   "--chunk-size: 2G: not a size from 1 to 1G, such as"},
        OutOfRange{"chunk_size_that_overflows", kScatter, "--chunk-size=18014398509481985K",
                   "not a size from 1 to 1G, such as"},
        OutOfRange{"window_0", kScatter, "--window=0",
                   "--window: 0: not a whole number from 1 to 1024"},
        OutOfRange{"window_1025", kScatter, "--window=1025",
                   "--window: 1025: not a whole number from 1 to 1024"},
        OutOfRange{"memory_0", kScatter, "--memory=0", "--memory: 0: not a size of 1 or more"},
        OutOfRange{"retries", kScatter, "--retries=4294967296",
                   "--retries: 4294967296: not a whole number from 0 to 4294967295"},
        OutOfRange{"stall_timeout", kScatter, "--stall-timeout=31556953",
                   "--stall-timeout: 31556953: not a time from 0 to a year"},
        OutOfRange{"fault_of_no_chunk", kScatter, "--fault=corrupt=0", "K, N and RANK from 1"},
        OutOfRange{"fault_with_half_a_limit", kScatter, "--fault=corrupt=2:", "not corrupt=K[:N]"},
        OutOfRange{"fault_of_half_a_rank", kScatter, "--fault=stall=:3", "not corrupt=K[:N]"},
        OutOfRange{"fault_too_slow", kScatter, "--fault=delay=60000001", "MICROS up to 60000000"},
        OutOfRange{"size_0", kTune, "--size=0", "--size: 0: not a size from 1 to 256P"},
        OutOfRange{"size_1000T", kTune, "--size=1000T",
                   "--size: 1000T: must be at most 16T, which is 268435456 chunks of 64K"},
        OutOfRange{"chunks", kTune, "--chunks=64K,2G",
                   "--chunks: 2G: not a size from 1 to 1G, such as"},
        OutOfRange{"windows", kTune, "--windows=8,1025",
                   "--windows: 1025: not a whole number from 1 to 1024"},
        OutOfRange{"repetitions", kTune, "--repetitions=101",
                   "--repetitions: 101: not a whole number from 2 to 100"},
        OutOfRange{"budget", kTune, "--budget=-1", "--budget: -1: not a time from 0 to a year"}),
    [](const auto& test) { return test.param.what; });

TEST(Arguments, at_their_limits_are_taken) {
  EXPECT_EQ(refusal({"scatter", "--chunk-size", "1GiB", "--window", "1024", "--retries",
                     "4294967295", "--stall-timeout", "31556952", "a", "b"}),
            "");
  EXPECT_EQ(refusal({"scatter", "--chunk-size", "1", "--window", "1", "--memory", "1", "--retries",
                     "0", "--stall-timeout", "0", "a", "b"}),
            "");
  EXPECT_EQ(refusal({"tune", "--size", "16T", "--repetitions", "100", "--budget", "0", "a", "b"}),
            "");
  EXPECT_EQ(refusal({"tune", "--size", "256M", "--chunks", "1", "a", "b"}), "");
}

TEST(Arguments, of_too_many_cases_are_counted) {
  std::string windows = "1";
  for (int i = 2; i <= 251; ++i) windows.append(",").append(std::to_string(i));
  const std::string text = refusal({"tune", "--windows", windows.c_str(), "a", "b"});
  EXPECT_TRUE(contains(text, "4 sizes with 251 windows (--windows): must be at most 1000 cases"))
      << text;
}

TEST(Arguments, that_discard_with_a_destination_say_why_not) {
  EXPECT_EQ(refusal({"scatter", "--discard", "a"}), "");
  const std::string text = refusal({"scatter", "--discard", "a", "b"});
  EXPECT_TRUE(contains(text, "--discard: it writes nothing, so DEST ('b') must not be given"))
      << text;
  const Variable discard{"MPIFERRY_DISCARD", "1"};
  EXPECT_TRUE(contains(refusal({"scatter", "a", "b"}), "--discard is set by MPIFERRY_DISCARD"));
}

TEST(Arguments, that_would_write_the_report_over_the_gathered_file_are_refused) {
  EXPECT_EQ(refusal({"gather", "--json", "other", "parts", "copy"}), "");
  EXPECT_TRUE(contains(refusal({"gather", "--json", "-", "parts", "-"}),
                       "--json: FILE is standard output: name a file for the report"));
  EXPECT_TRUE(contains(refusal({"gather", "--json", "copy", "parts", "copy"}),
                       "--json: 'copy' is FILE: name another for the report"));
  EXPECT_TRUE(
      contains(refusal({"gather", "--json", "./none/../copy", "parts", "copy"}), "is FILE"));
}

TEST(Arguments, out_of_the_environment_are_named_as_such) {
  const Variable window{"MPIFERRY_WINDOW", "1025"};
  const Variable windows{"MPIFERRY_WINDOWS", "0"};
  const std::string text = refusal({"scatter", "a", "b"});
  EXPECT_TRUE(contains(text, "--window: 1025: not a whole number from 1 to 1024")) << text;
  EXPECT_TRUE(contains(text, "hint: --window is set by MPIFERRY_WINDOW in the environment"))
      << text;
  EXPECT_FALSE(contains(text, "WINDOWS")) << text;
  EXPECT_TRUE(contains(refusal({"tune", "a", "b"}), "--windows is set by MPIFERRY_WINDOWS"));
}

TEST(Arguments, on_the_command_line_hide_the_environment) {
  const Variable window{"MPIFERRY_WINDOW", "8"};
  for (const std::vector<const char*>& given :
       {std::vector<const char*>{"--window", "0"}, std::vector<const char*>{"--window=0"}}) {
    std::vector<const char*> words{"scatter", "a", "b"};
    words.insert(words.begin() + 1, given.begin(), given.end());
    const std::string text = refusal(words);
    EXPECT_TRUE(contains(text, "--window: 0: not a whole number")) << text;
    EXPECT_FALSE(contains(text, "environment")) << text;
  }
}

TEST(Arguments, that_are_flags_say_what_they_take) {
  for (const char* value : {"maybe", "2"}) {
    const Variable force{"MPIFERRY_FORCE", value};
    const std::string text = refusal({"scatter", "a", "b"});
    EXPECT_TRUE(contains(text, std::string{"--force: "} + value + ": not 1, true, 0 or false"))
        << text;
    EXPECT_TRUE(contains(text, "--force is set by MPIFERRY_FORCE")) << text;
  }
  for (const char* value : {"1", "True", "0", "no"}) {
    const Variable quiet{"MPIFERRY_QUIET", value};
    const bool set = *value == '1' || *value == 'T';
    EXPECT_EQ(std::get<ScatterArguments>(parsed({"scatter", "a", "b"})).quiet, set) << value;
    EXPECT_TRUE(std::get<ScatterArguments>(parsed({"scatter", "-q", "a", "b"})).quiet);
  }
}

TEST(Arguments, that_are_empty_are_shown_in_quotes) {
  EXPECT_TRUE(
      contains(refusal({"scatter", "--chunk-size", "", "a"}), "--chunk-size: '': not a size"));
  EXPECT_TRUE(contains(refusal({"scatter", "--window", "", "a"}), "--window: '': not a whole"));
  EXPECT_TRUE(contains(refusal({"scatter", "--fault", "", "a"}), "--fault: '': not corrupt"));
}

TEST(Arguments, that_are_too_many_are_listed_as_they_were_given) {
  EXPECT_TRUE(contains(refusal({"scatter", "a", "b", "c", "d"}), "not expected: c d\n"));
  EXPECT_TRUE(contains(refusal({"gather", "a", "b", "c"}), "argument was not expected: c\n"));
}

TEST(Arguments, without_a_command_are_sent_to_the_list_of_commands) {
  EXPECT_TRUE(contains(refusal({}), "try: mpiferry --help\n")) << refusal({});
  EXPECT_TRUE(contains(refusal({"--turbo"}), "try: mpiferry --help\n"));
  EXPECT_TRUE(contains(refusal({"scatter"}), "try: mpiferry scatter --help\n"));
}

TEST(Arguments, that_are_unknown_options_are_named_alone_with_what_was_meant) {
  // What follows may be its value.
  for (const std::vector<const char*>& words :
       {std::vector<const char*>{"scatter", "--chunksize", "64K", "a", "b"},
        {"scatter", "--chunksize=64K", "a", "b"},
        {"scatter", "a", "--chunk_size", "64K"},
        {"scatter", "--chunksize"},
        {"scatter", "--Chunk-Size", "64K", "a"}}) {
    const std::string text = refusal(words);
    EXPECT_TRUE(contains(text, "mpiferry scatter has no option --")) << text;
    EXPECT_TRUE(contains(text, "; did you mean --chunk-size?\n")) << text;
    EXPECT_TRUE(contains(text, "try: mpiferry scatter --help\n")) << text;
  }
  EXPECT_TRUE(contains(refusal({"tune", "--chunk", "64K", "a", "b"}), "did you mean --chunks?\n"));
  EXPECT_TRUE(
      contains(refusal({"scatter", "--timeout", "9", "a"}), "did you mean --stall-timeout?\n"));
  EXPECT_TRUE(contains(refusal({"verify", "--fauld", "x", "a"}), "did you mean --fault?\n"));
  EXPECT_TRUE(contains(refusal({"scatter", "--turbo", "a"}), "has no option --turbo\n"));
  EXPECT_TRUE(contains(refusal({"scatter", "-qx", "a"}), "mpiferry scatter has no option -x\n"));
  EXPECT_TRUE(contains(refusal({"--turbo"}), "mpiferry has no option --turbo\n"));
  const Variable chunk_size{"MPIFERRY_CHUNK_SIZE", "64K"};
  EXPECT_FALSE(contains(refusal({"scatter", "--chunksize", "64K", "a"}), "environment"));
}

TEST(Arguments, that_are_options_of_another_command_or_out_of_place_say_whose_they_are) {
  EXPECT_TRUE(contains(refusal({"gather", "--chunk-size", "4M", "a", "b"}),
                       "mpiferry gather has no option --chunk-size; it belongs to scatter\n"));
  EXPECT_TRUE(contains(refusal({"gather", "--fsinc", "a", "b"}), "did you mean --fsync?\n"));
  EXPECT_TRUE(contains(refusal({"scatter", "--version"}), "; try mpiferry --version\n"));
  EXPECT_TRUE(
      contains(refusal({"--chunk-size", "4M", "scatter", "a", "b"}),
               "--chunk-size must follow the command: mpiferry scatter --chunk-size ...\n"));
}

TEST(Arguments, after_two_dashes_are_no_options) {
  EXPECT_TRUE(contains(refusal({"scatter", "a", "b", "--", "--x"}),
                       "this argument was not expected: --x\n"));
}

TEST(Arguments, that_lack_a_value_or_have_two_say_so_in_words) {
  EXPECT_TRUE(
      contains(refusal({"scatter", "--chunk-size"}), "--chunk-size needs a value (SIZE)\n"));
  EXPECT_TRUE(
      contains(refusal({"tune", "a", "b", "--chunks"}), "--chunks needs a value (SIZES)\n"));
  EXPECT_TRUE(contains(refusal({"scatter", "--window", "2", "--window", "4", "a"}),
                       "--window was given 2 times\n"));
}

TEST(Arguments, without_a_known_command_name_the_one_that_was_meant) {
  EXPECT_TRUE(
      contains(refusal({"scater", "a"}), "'scater' is not a command; did you mean scatter?\n"));
  EXPECT_TRUE(contains(refusal({"tnue"}), "did you mean tune?\n"));
  EXPECT_TRUE(
      contains(refusal({"help", "gahter"}), "'gahter' is not a command; did you mean gather?\n"));
  EXPECT_TRUE(contains(refusal({"collect"}),
                       "; the commands are scatter, gather, verify, tune, bench, help\n"));
  EXPECT_TRUE(contains(refusal({}), "a command is missing; the commands are scatter, gather,"));
}

// main() runs bench before anything is parsed.
TEST(Arguments, of_a_command_that_is_no_job_never_pass_for_scatter) {
  const auto outcome = parsed({"bench"});
  const auto* exit = std::get_if<EarlyExit>(&outcome);
  ASSERT_NE(exit, nullptr);
  EXPECT_EQ(exit->exit_code, 70);
  EXPECT_TRUE(contains(exit->text, "mpiferry: error: this command cannot be run")) << exit->text;
}

TEST(Arguments, ask_for_help_in_every_usual_way) {
  const auto shown = [](const std::vector<const char*>& words) {
    const auto outcome = parsed(words);
    const auto* exit = std::get_if<EarlyExit>(&outcome);
    EXPECT_TRUE(exit != nullptr && exit->exit_code == 0);
    return exit != nullptr ? exit->text : "";
  };
  const std::string all = shown({"--help"});
  EXPECT_TRUE(contains(all, "Usage: mpiferry [OPTIONS] SUBCOMMAND")) << all;
  for (const char* command : {"scatter", "gather", "verify", "tune", "bench", "help"}) {
    EXPECT_TRUE(contains(all, std::string{"\n  "} + command + " ")) << command << all;
  }
  EXPECT_EQ(shown({"help"}), all);
  EXPECT_EQ(shown({"help", "help"}), all);
  EXPECT_EQ(shown({"help", "--help"}), all);
  EXPECT_EQ(shown({"-h"}), all);
  for (const char* command : {"scatter", "gather", "verify", "tune"}) {
    const std::string one = shown({command, "--help"});
    EXPECT_TRUE(contains(one, std::string{"Usage: mpiferry "} + command + " [OPTIONS]")) << one;
    EXPECT_EQ(shown({"help", command}), one);
    EXPECT_EQ(shown({"--help", command}), one);
  }
  EXPECT_EQ(shown({"-V"}), shown({"--version"}));
  EXPECT_TRUE(contains(shown({"-V"}), "\nMPI: MPICH"));
}

TEST(Arguments, that_are_lists_have_commas_or_spaces_between) {
  for (const std::vector<const char*>& words :
       {std::vector<const char*>{"tune", "--chunks", "64K,1M", "--windows", "4,8", "a", "b"},
        {"tune", "--chunks", "64K", "1M", "--windows", "4", "8", "a", "b"},
        {"tune", "--chunks=64K", "1M", "--windows=4", "8", "a", "b"},
        {"tune", "--chunks", "64K,", "1M", "--windows", "4 8", "a", "b"},
        {"tune", "a", "b", "--chunks", "64K", "--chunks", "1M", "--windows", "4", "8"},
        {"tune", "--chunks", "64K", "1M", "--windows", "4", "8", "--", "a", "b"}}) {
    const auto outcome = parsed(words);
    const auto* arguments = std::get_if<TuneArguments>(&outcome);
    ASSERT_TRUE(arguments != nullptr) << std::get<EarlyExit>(outcome).text;
    EXPECT_EQ(arguments->chunk_sizes, (std::vector<Bytes>{64_KiB, 1_MiB}));
    EXPECT_EQ(arguments->windows, (std::vector<std::uint32_t>{4, 8}));
    EXPECT_EQ(arguments->source_directory, "a");
    EXPECT_EQ(arguments->destination, "b");
  }
  const Variable chunks{"MPIFERRY_CHUNKS", "64K 1M"};
  EXPECT_EQ(std::get<TuneArguments>(parsed({"tune", "a", "b"})).chunk_sizes,
            (std::vector<Bytes>{64_KiB, 1_MiB}));
  // A directory of such a name has a / in it, or stands after --.
  EXPECT_EQ(
      std::get<TuneArguments>(parsed({"tune", "--windows", "4", "./8", "b"})).source_directory,
      "./8");
  EXPECT_TRUE(
      contains(refusal({"tune", "--chunks", "64K", "2G", "a", "b"}), "--chunks: 2G: not a size"));
  EXPECT_TRUE(contains(refusal({"tune", "--chunks", ",", "a", "b"}), "--chunks: '': not a size"));
  EXPECT_TRUE(
      contains(refusal({"tune", "--windows", "a", "b"}), "--windows: a: not a whole number"));
}

TEST(Arguments, in_the_environment_that_are_no_option_get_a_warning) {
  const auto warning = [](const std::vector<const char*>& words) {
    return std::get<ScatterArguments>(parsed(words)).origins.warning();
  };
  EXPECT_EQ(warning({"scatter", "a"}), "");
  {
    const Variable chunk_size{"MPIFERRY_CHUNKSIZE", "64K"};
    EXPECT_EQ(warning({"scatter", "a"}),
              "mpiferry: warning: MPIFERRY_CHUNKSIZE in the environment is not an option; did you "
              "mean MPIFERRY_CHUNK_SIZE?\n");
  }
  {
    const Variable speed{"MPIFERRY_SPEEDY", "1"};
    EXPECT_EQ(warning({"scatter", "a"}),
              "mpiferry: warning: MPIFERRY_SPEEDY in the environment is not an option\n");
  }
}

TEST(Arguments, in_the_environment_that_are_for_others_get_none) {
  for (const char* name :
       {"MPIFERRY_AGAINST", "MPIFERRY_BUDGET", "MPIFERRY_BENCH_PROGRAM", "MPIFERRY_BENCH_TARGET",
        "MPIFERRY_WERROR", "MPIFERRY_TEST_BINARY", "MPIFERRY_HOSTS_JOBS", "MPIFERRY_ROOT",
        "MPIFERRY_VERSION", "MPIFERRYX_CHUNKSIZE"}) {
    const Variable set{name, "1"};
    EXPECT_EQ(std::get<ScatterArguments>(parsed({"scatter", "a"})).origins.warning(), "") << name;
  }
  const Variable empty{"MPIFERRY_CHUNKSIZE", ""};
  EXPECT_EQ(std::get<ScatterArguments>(parsed({"scatter", "a"})).origins.warning(), "");
}

TEST(Arguments, explain_failures_of_jobs) {
  const Variable memory{"MPIFERRY_MEMORY", "1K"};
  const auto outcome = parsed({"scatter", "a", "b"});
  const auto& origins = std::get<ScatterArguments>(outcome).origins;
  Failure failure{.code = Errc::invalid_argument, .detail = "--memory 1024: must be more"};
  origins.explain(failure);
  EXPECT_EQ(failure.hint, "--memory is set by MPIFERRY_MEMORY in the environment");
  failure = {.code = Errc::invalid_argument, .detail = "--memory-of-elephants", .hint = "none"};
  origins.explain(failure);
  EXPECT_EQ(failure.hint, "none");
}

}  // namespace
}  // namespace mpiferry::cli
