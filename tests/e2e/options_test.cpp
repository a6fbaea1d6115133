// What the options say is what happens.
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kKiB = 1024;
constexpr const char* kScriptLine = "(Chunk size|Master|Worker [0-9]+): .*";

class Options : public JobTest {
 protected:
  // Runs scatter with nothing but these arguments.
  Finished run_bare(const Arguments& arguments) const {
    Command command = scatter(3, arguments);
    command.directory = temporary.path();
    return run(command);
  }
};

TEST_F(Options, chunk_size_takes_plain_numbers_and_binary_units) {
  make_source(10 * kKiB);
  for (const auto& [text, value] :
       {std::pair{"1024", kKiB}, std::pair{"1K", kKiB}, std::pair{"64K", 64 * kKiB},
        std::pair{"4MiB", 4096 * kKiB}, std::pair{"1GiB", 1024 * 1024 * kKiB}}) {
    chunk_size = value;
    expect_moved(
        run_bare({"--chunk-size", text, "--json", report_path, "--force", source, destination}));
  }
}

TEST_F(Options, discard_moves_everything_and_writes_nothing) {
  make_source(1000 * kKiB);
  const Finished finished = run_bare({"--discard", "--json", report_path, source});
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_NE(finished.out.find("nothing was written (--discard)"), std::string::npos)
      << describe(finished);
  EXPECT_EQ(report()["discard"], true);
  EXPECT_EQ(report()["bytes_written"], bytes.size());
  EXPECT_FALSE(fs::exists(temporary / "uploaded_files"));
  EXPECT_FALSE(fs::exists(destination));
}

TEST_F(Options, discard_goes_with_nothing_that_writes) {
  make_source(kKiB);
  expect_failed(run_bare({"--discard", source, destination}), 2, "--discard");
  expect_failed(run_bare({"--discard", "--fsync", source}), 2, "--discard writes nothing");
  expect_failed(run_bare({"--discard", "--force", source}), 2, "--discard writes nothing");
}

TEST_F(Options, io_is_one_of_three_words_and_direct_is_for_what_is_durable) {
  make_source(kKiB);
  expect_failed(run_job(3, {"--io", "fast"}), 2, "fast: not auto, buffered or direct");
  expect_failed(run_job(3, {"--io", "direct"}), 2, "--io direct: only with --fsync");
}

TEST_F(Options, can_be_given_in_the_environment) {
  make_source(10 * kKiB);
  chunk_size = 1000;
  Command command = scatter(3, {source, destination});
  command.environment = {{"MPIFERRY_CHUNK_SIZE", "1000"}, {"MPIFERRY_WINDOW", "2"},
                         {"MPIFERRY_MEMORY", "3000"},     {"MPIFERRY_JSON", report_path},
                         {"MPIFERRY_QUIET", "1"},         {"MPIFERRY_FAULT", "delay=1000"}};
  const Finished finished = run(command);
  expect_moved(finished);
  EXPECT_EQ(finished.output(), "");
  const Json said = report();
  EXPECT_EQ(said["chunk_size"], 1000);
  EXPECT_EQ(said["window"], 2);
  EXPECT_EQ(said["master_buffers"], 3);

  command.environment.emplace_back("MPIFERRY_FORCE", "true");
  expect_moved(run(command));
}

TEST_F(Options, on_the_command_line_overrule_the_environment) {
  make_source(10 * kKiB);
  chunk_size = 2048;
  Command command = job(2);
  command.environment = {{"MPIFERRY_CHUNK_SIZE", "1000"}};
  expect_moved(run(command));
}

TEST_F(Options, destination_is_uploaded_files_unless_named) {
  make_source(100 * kKiB);
  root = destination = temporary / "uploaded_files";
  expect_moved(run_bare({"--chunk-size", "64K", "--json", "report.json", "source"}));
}

TEST_F(Options, rank_and_host_in_the_destination_are_replaced) {
  make_source(1000 * kKiB);
  destination = temporary / "dest/{host}/at{rank}";
  root = temporary / "dest";
  expect_moved(run_job(4));
  const Json said = report();
  const std::string host = said["workers"][0]["host"];
  for (int rank = 0; rank < 4; ++rank) {
    const fs::path directory = root / host / ("at" + std::to_string(rank));
    EXPECT_EQ(fs::exists(directory / "manifest.json"), rank == 0);
    EXPECT_EQ(fs::exists(directory / "XXH3SUMS"), rank != 0);
    EXPECT_EQ(chunks_below(directory).empty(), rank == 0);
  }
  if (have_xxhsum()) expect_sums_accepted();
}

TEST_F(Options, json_to_standard_output_is_all_that_it_gets) {
  make_source(100 * kKiB);
  for (const auto& [name, more] :
       {std::pair{"-", Arguments{}}, std::pair{"-", Arguments{"-v"}},
        std::pair{"-", Arguments{"-q"}}, std::pair{"/dev/stdout", Arguments{"-v"}}}) {
    Arguments words{"--chunk-size", "64K", "--json", name, "--force"};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {source, destination});
    const Finished finished = run_bare(words);
    ASSERT_EQ(finished.exit_code, 0) << describe(finished);
    const Json said = Json::parse(finished.out, nullptr, false);
    ASSERT_TRUE(said.is_object()) << describe(finished);
    EXPECT_EQ(said["schema"], "mpiferry.report/2");
    EXPECT_EQ(said["chunks"], 2);
  }
}

TEST_F(Options, report_that_cannot_be_written_is_an_error) {
  make_source(100 * kKiB);
  report_path = temporary / "missing/report.json";
  const Finished finished = run_job(2);
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1) << describe(finished);
}

TEST_F(Options, quiet_prints_nothing_on_success_and_the_error_on_failure) {
  make_source(100 * kKiB);
  EXPECT_EQ(run_job(3, {"--quiet"}).output(), "");
  EXPECT_EQ(run_job(3, {"-q", "--force"}).output(), "");
  EXPECT_EQ(error_lines(run_job(3, {"-q"})), 1);  // occupied
}

TEST_F(Options, quiet_prints_no_warning) {
  make_source(100 * kKiB);
  expect_moved(run_job(3));
  source = temporary / "another";
  make_source(200 * kKiB);
  EXPECT_EQ(run_job(3, {"-q", "--resume"}).output(), "");
  expect_right_chunks();
  source = temporary / "a third";
  make_source(300 * kKiB);
  const Finished told_all = run_job(3, {"--resume"});
  EXPECT_NE(told_all.err.find("mpiferry: warning: "), std::string::npos) << describe(told_all);
}

TEST_F(Options, verbose_prints_the_originals_lines) {
  make_source(320 * kKiB + 1);
  const Finished finished = run_job(3, {"-v"});
  expect_moved(finished);
  const std::string begin =
      "Chunk size: 65536 bytes\nMaster: Read 6 chunks from '" + source.string() + "'.\n";
  EXPECT_NE(finished.out.find(begin), std::string::npos) << finished.out;
  EXPECT_EQ(lines_like(finished.out, R"(Master: Sent chunk [0-5] to process [12]\.)"), 6);
  EXPECT_EQ(lines_like(finished.out, R"(Worker 1: Wrote chunk [024] to '?.*/chunk_[024]\.bin'?\.)"),
            3)
      << finished.out;
  EXPECT_EQ(lines_like(finished.out, R"(Worker 2: Wrote chunk [135] to '?.*/chunk_[135]\.bin'?\.)"),
            3);
  EXPECT_EQ(lines_like(finished.out, R"(Master: Received status True\.)"), 6);
  EXPECT_EQ(lines_like(finished.out, R"(Worker [12]: Received termination signal\.)"), 2);
  EXPECT_EQ(lines_like(finished.out, R"(Master: File transfer completed successfully\.)"), 1);
  // Ranks share the output; none may write into another's line.
  EXPECT_EQ(lines_like(finished.out, "(Chunk size:|Master|Worker|mpiferry|  ).*"),
            lines_like(finished.out, ".*"))
      << finished.out;
  EXPECT_EQ(lines_like(run_job(3, {"--force"}).output(), kScriptLine), 0);
}

TEST_F(Options, verbose_prints_the_originals_lines_of_failures) {
  const Finished missing = run_job(3, {"-v"});
  EXPECT_EQ(missing.exit_code, 3) << describe(missing);
  EXPECT_NE(missing.out.find("Master: Error - File '" + source.string() +
                             "' not found.\nMaster: File transfer encountered errors.\n"),
            std::string::npos)
      << missing.out;
  EXPECT_EQ(lines_like(run_job(3).output(), kScriptLine), 0);

  // A worker that cannot begin.
  make_source(200 * kKiB);
  root = temporary / "dest";
  destination = root / "{rank}";
  fs::create_directories(root);
  write_file(root / "2", "a file is in the way");
  const Finished blocked = run_job(3, {"-v"});
  EXPECT_EQ(blocked.exit_code, 4) << describe(blocked);
  EXPECT_EQ(lines_like(blocked.out, "Worker 2: Error - '.*/dest/2': .*"), 1) << blocked.out;
  EXPECT_EQ(lines_like(blocked.out, "(Worker 1|Master): Error - .*"), 0) << blocked.out;
  EXPECT_EQ(lines_like(blocked.out, "Master: File transfer encountered errors\\."), 1);
}

TEST_F(Options, verbose_names_the_file_that_a_chunk_is_in) {
  make_source(100 * kKiB);
  const auto expect_said = [this](const char* layout, const char* file) {
    const Finished finished = run_job(2, {"-v", "--force", "--layout", layout});
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_EQ(
        lines_like(finished.out, std::string{"Worker 1: Wrote chunk [01] to '.*/"} + file + "'\\."),
        2)
        << finished.out;
  };
  expect_said("stripes", "stripe_1\\.bin");
  expect_said("file", "file\\.bin");
}

TEST_F(Options, progress_is_shown_on_request_only_without_a_terminal) {
  make_source(2000 * kKiB);
  const Arguments slow{"--fault", "delay=60000", "--window", "2"};
  Arguments always = slow;
  always.insert(always.end(), {"--progress", "always"});
  const Finished shown = run_job(3, always);
  expect_moved(shown);
  EXPECT_GE(
      lines_like(
          shown.err,
          R"( *[0-9.]+ %  [0-9.]+ (KiB )?of 2\.0 MiB  [0-9.]+ [KM]iB/s  [0-9] s elapsed  .*in flight)"),
      1)
      << describe(shown);
  for (const char* choice : {"auto", "never"}) {
    Arguments words = slow;
    words.insert(words.end(), {"--force", "--progress", choice});
    EXPECT_EQ(run_job(3, words).err, "") << choice;
  }
}

TEST_F(Options, fsync_moves_the_same_bytes) {
  make_source(1000 * kKiB);
  expect_moved(run_job(3, {"--fsync"}));
  for (const char* io : {"auto", "buffered", "direct"}) {
    expect_moved(run_job(3, {"--force", "--fsync", "--io", io}));
  }
  if (have_xxhsum()) expect_sums_accepted();
}

TEST_F(Options, window_1_keeps_one_chunk_in_flight_and_8_keeps_8) {
  make_source(64 * 64 * kKiB);
  for (const int window : {1, 8}) {
    expect_moved(
        run_job(3, {"--force", "--fault", "delay=2000", "--window", std::to_string(window)}));
    const Json said = report();
    EXPECT_EQ(said["window"], window);
    EXPECT_EQ(said["peak_in_flight_per_worker"], window);
    EXPECT_LE(said["peak_master_buffers"], 2 * window);
  }
}

TEST_F(Options, window_is_wider_for_small_chunks_if_nobody_says_more) {
  make_source(1000);
  struct Case {
    std::uint64_t chunk_size;
    int window;
  };
  for (const Case& it : {Case{1, 64}, Case{32 * kKiB, 64}, Case{64 * kKiB, 32},
                         Case{128 * kKiB, 16}, Case{1024 * kKiB, 8}, Case{1024 * 1024 * kKiB, 1}}) {
    chunk_size = it.chunk_size;
    expect_moved(run_job(2, {"--force", "--memory", "1G"}));
    EXPECT_EQ(report()["window"], it.window) << it.chunk_size;
  }
}

TEST_F(Options, numbers_are_decimal) {
  make_source(100);
  chunk_size = 10;
  expect_moved(run(scatter(
      3, {"--chunk-size", "010", "--window", "010", "--json", report_path, source, destination})));
  EXPECT_EQ(report()["window"], 10);
}

TEST_F(Options, json_costs_no_other_file) {
  make_source(1000);
  const auto bystander = temporary / "report.json.part";
  write_file(bystander, "precious");
  expect_moved(run_job(3));
  EXPECT_EQ(read_file(bystander), "precious");
}

TEST_F(Options, json_follows_a_link_and_leaves_it) {
  make_source(1000);
  const auto real = temporary / "real.json";
  write_file(real, "");
  std::filesystem::create_symlink(real, report_path);
  expect_moved(run_job(3));
  EXPECT_TRUE(std::filesystem::is_symlink(report_path));
  EXPECT_NE(read_file(real), "");
}

TEST_F(Options, json_refuses_a_link_to_nothing) {
  make_source(1000);
  std::filesystem::create_symlink(temporary / "nowhere", report_path);
  expect_failed(run_job(3), 4, "report.json");
  EXPECT_TRUE(std::filesystem::is_symlink(report_path));
}

// A FIFO that was opened and closed by the check left no reader for the report, and no end of it.
TEST_F(Options, json_to_a_fifo_reaches_its_reader) {
  make_source(1000);
  const fs::path fifo = temporary / "fifo";
  ASSERT_EQ(run({{"mkfifo", fifo}}).exit_code, 0);
  Arguments words{fifo, report_path};
  const Command inner = scatter(3, {"--json", fifo, source, destination});
  words.insert(words.end(), inner.words.begin(), inner.words.end());
  const Finished finished = run(
      shell(R"(fifo=$1 copy=$2; shift 2; cat "$fifo" > "$copy" & "$@"; code=$?; wait; exit $code)",
            words));
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(report()["verdict"], "ok");
}

TEST_F(Options, json_to_a_fifo_that_nobody_reads_is_refused_before_the_job) {
  make_source(1000);
  report_path = temporary / "fifo";
  ASSERT_EQ(run({{"mkfifo", report_path}}).exit_code, 0);
  const Finished finished = run(scatter(3, {"--json", report_path, source, destination}));
  EXPECT_EQ(finished.exit_code, 4) << describe(finished);
  EXPECT_NE(finished.err.find("nobody reads this FIFO"), std::string::npos) << describe(finished);
  EXPECT_FALSE(fs::exists(destination));
}

TEST_F(Options, memory_bounds_the_masters_buffers) {
  make_source(64 * 64 * kKiB);
  struct Case {
    const char* memory;
    int buffers;
  };
  for (const Case& it : {Case{"64K", 1}, Case{"200K", 3}, Case{"512K", 8}, Case{"1G", 16}}) {
    expect_moved(
        run_job(3, {"--force", "--fault", "delay=1000", "--window", "8", "--memory", it.memory}));
    const Json said = report();
    EXPECT_EQ(said["master_buffers"], it.buffers) << it.memory;
    EXPECT_LE(said["peak_master_buffers"], it.buffers) << it.memory;
    EXPECT_GE(said["peak_master_buffers"], 1) << it.memory;
    EXPECT_LE(said["peak_in_flight_per_worker"], it.buffers) << it.memory;
  }
}

TEST_F(Options, memory_bounds_a_stream_that_has_to_be_kept) {
  make_source(64 * 64 * kKiB);
  const fs::path fifo = temporary / "fifo";
  ASSERT_EQ(run({{"mkfifo", fifo}}).exit_code, 0);
  Process writer{shell(R"(cat "$1" > "$2")", {source, fifo})};
  source = fifo;
  expect_moved(run_job(3, {"--fault", "delay=1000", "--memory", "200K"}));
  EXPECT_EQ(report()["master_buffers"], 3);
  EXPECT_LE(report()["peak_master_buffers"], 3);
  EXPECT_EQ(writer.wait().exit_code, 0);
}

}  // namespace
}  // namespace mpiferry::e2e
