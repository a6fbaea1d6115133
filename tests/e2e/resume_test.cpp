// --resume goes on with what lies there, whoever ended the job before, and never mixes two sources.
#include <csignal>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

class Resume : public JobTest {
 protected:
  void SetUp() override { chunk_size = 4096; }
  void spread() {
    root = temporary / "dest";
    destination = root / "{rank}";
    fs::create_directory(root);
  }
  void set_source(std::string content) {
    bytes = std::move(content);
    write_file(source, bytes);
  }
  std::uint64_t chunks() const { return (bytes.size() + chunk_size - 1) / chunk_size; }
  // All is there, as in the source, after `sent` chunks were sent.
  void expect_resumed(const Finished& finished, std::uint64_t sent) const {
    ASSERT_EQ(finished.exit_code, 0) << describe(finished);
    EXPECT_EQ(error_lines(finished), 0) << describe(finished);
    EXPECT_TRUE(unfinished_below(root).empty()) << ::testing::PrintToString(unfinished_below(root));
    const Json done = report();
    ASSERT_TRUE(done.is_object());
    EXPECT_EQ(done["resume"], true);
    EXPECT_EQ(done["chunks_sent"], sent) << describe(finished);
    EXPECT_EQ(done["chunks_kept"], chunks() - sent);
    EXPECT_EQ(done["chunks_resent"], 0);
    if (have_xxhsum()) expect_sums_accepted();
  }
  // Nothing changes, and `message` says why.
  void expect_refused(const Arguments& how, std::string_view message) const {
    const auto files = files_below(root);
    const Finished refused = run_job(3, how);
    EXPECT_EQ(refused.exit_code, 4) << describe(refused);
    EXPECT_EQ(error_lines(refused), 1);
    EXPECT_NE(refused.err.find(message), std::string::npos) << refused.err;
    EXPECT_EQ(files_below(root), files);
  }
  void expect_chunks() const {
    EXPECT_EQ(chunks_below(root).size(), chunks());
    expect_right_chunks();
  }
  // Checks the stripe of every worker.
  void expect_stripes(int workers) const {
    for (int rank = 1; rank <= workers; ++rank) {
      std::string expected;
      for (auto i = static_cast<std::uint64_t>(rank) - 1; i < chunks();
           i += static_cast<std::uint64_t>(workers)) {
        expected += bytes.substr(i * chunk_size, chunk_size);
      }
      const auto name = "stripe_" + std::to_string(rank) + ".bin";
      EXPECT_TRUE(read_file(destination / name) == expected) << name;
    }
  }
  // A job that was killed when some chunks were there.
  void kill_a_job(int ranks, const Arguments& arguments = {}) {
    Arguments words{"--window", "1", "--fault", "delay=30000"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    Process killed{job(ranks, words)};
    ASSERT_TRUE(eventually([this] { return chunks_below(root).size() > 4; }));
    for (const pid_t pid : killed.ranks()) ::kill(pid, SIGKILL);
    killed.wait();
    ASSERT_LT(chunks_below(root).size(), chunks());
  }
};

TEST_F(Resume, goes_on_after_sigkill_and_then_finds_nothing_to_send) {
  make_source(200 * chunk_size + 17);
  kill_a_job(3);
  const std::uint64_t there = chunks_below(root).size();
  const Finished refused = run_job(3);
  EXPECT_EQ(refused.exit_code, 4);
  EXPECT_NE(refused.err.find("--resume"), std::string::npos) << refused.err;
  expect_resumed(run_job(3, {"--resume"}), chunks() - there);
  expect_chunks();
  const std::string manifest = read_file(destination / "manifest.json");
  const Finished again = run_job(3, {"--resume", "--fsync"});
  expect_resumed(again, 0);
  EXPECT_NE(again.out.find("nothing to send"), std::string::npos) << again.out;
  EXPECT_EQ(read_file(destination / "manifest.json"), manifest);
}

TEST_F(Resume, with_another_source_says_whose_chunks_were_there) {
  make_source(5 * chunk_size);
  expect_moved(run_job(3));
  const std::string before = source;
  source = temporary / "another";
  bytes = random_bytes(2 * chunk_size, 9);
  write_file(source, bytes);
  const Finished finished = run_job(3, {"--resume"});
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_NE(finished.err.find("held the chunks of '" + before + "'"), std::string::npos)
      << describe(finished);
  expect_chunks();
}

TEST_F(Resume, goes_on_after_ctrl_c_in_directories_of_their_own) {
  make_source(200 * chunk_size);
  spread();
  Process running{job(4, {"--window", "1", "--fault", "delay=30000"})};
  ASSERT_TRUE(eventually([this] { return chunks_below(root).size() > 4; }));
  running.signal(SIGINT);
  const Finished stopped = running.wait();
  EXPECT_NE(stopped.err.find("--resume --chunk-size 4096 continues from there"), std::string::npos)
      << describe(stopped);
  const std::uint64_t there = chunks_below(root).size();
  ASSERT_LT(there, chunks());
  expect_resumed(run_job(4, {"--resume"}), chunks() - there);
  expect_chunks();
}

TEST_F(Resume, sends_what_the_source_has_changed_and_leaves_no_tail_of_a_longer_one) {
  make_source(30 * chunk_size + 5);
  expect_moved(run_job(3));
  std::string changed = bytes;
  changed[3 * chunk_size] ^= 1;
  changed[29 * chunk_size + 1] ^= 1;
  set_source(changed);
  expect_resumed(run_job(3, {"--resume"}), 2);
  expect_chunks();
  set_source(changed.substr(0, 20 * chunk_size + 5));
  expect_resumed(run_job(3, {"--resume"}), 1);
  expect_chunks();
  // Other ranks and other chunks are no other job.
  expect_resumed(run_job(4, {"--resume"}), 0);
  chunk_size = 8192;
  expect_resumed(run_job(4, {"--resume"}), chunks());
  expect_chunks();
  set_source("");
  expect_resumed(run_job(3, {"--resume"}), 0);
  EXPECT_TRUE(chunks_below(root).empty());
}

TEST_F(Resume, mends_stripes_in_place_and_cuts_them) {
  make_source(30 * chunk_size + 5);
  const Arguments resume{"--layout", "stripes", "--resume"};
  EXPECT_EQ(run_job(3, {"--layout", "stripes"}).exit_code, 0);
  std::string changed = bytes;
  changed[0] ^= 1;
  set_source(changed);
  expect_resumed(run_job(3, resume), 1);
  expect_stripes(2);
  set_source(changed.substr(0, 11 * chunk_size + 9));
  expect_resumed(run_job(3, resume), 0);
  expect_stripes(2);
  // With one worker less its stripe must not stay.
  ASSERT_EQ(run_job(2, resume).exit_code, 0);
  expect_stripes(1);
  EXPECT_FALSE(fs::exists(destination / "stripe_2.bin"));
}

TEST_F(Resume, of_a_stream_cuts_a_stripe_where_the_stream_ends) {
  make_source(10 * chunk_size + 5);
  ASSERT_EQ(run_job(3, {"--layout", "stripes"}).exit_code, 0);
  bytes = bytes.substr(0, 8 * chunk_size) + "another end";
  const fs::path text = temporary / "text";
  write_file(text, bytes);
  source = temporary / "fifo";
  ASSERT_EQ(run({{"mkfifo", source}}).exit_code, 0);
  for (const std::uint64_t sent : {1U, 0U}) {
    Process writer{shell(R"(cat "$1" > "$2")", {text, source})};
    expect_resumed(run_job(3, {"--layout", "stripes", "--resume"}), sent);
    expect_stripes(2);
  }
}

TEST_F(Resume, of_one_file_takes_its_name_and_manifest_away_before_it_changes) {
  make_source(60 * chunk_size);
  ASSERT_EQ(run_job(3, {"--layout", "file"}).exit_code, 0);
  const std::string grown = bytes + random_bytes(20 * chunk_size + 3, 5);
  set_source(grown);
  Process running{
      job(3, {"--layout", "file", "--resume", "--window", "1", "--fault", "delay=20000"})};
  bool seen = false;
  ASSERT_TRUE(eventually([&] {
    const bool finished = fs::exists(destination / "manifest.json");
    const std::string file = read_file(destination / "file.bin");
    // What has the final name is the old file or the new one, and never with the other's manifest.
    if (!file.empty() && file.size() != grown.size()) {
      EXPECT_TRUE(file == grown.substr(0, 60 * chunk_size));
    }
    seen = seen || !finished;
    return seen && finished;
  }));
  expect_resumed(running.wait(), 21);
  EXPECT_TRUE(read_file(destination / "file.bin") == grown);
  set_source(grown.substr(0, 5 * chunk_size));
  expect_resumed(run_job(3, {"--layout", "file", "--resume"}), 0);
  EXPECT_TRUE(read_file(destination / "file.bin") == bytes);
}

// This happens when rank 0 of the earlier job ran on the host of a worker of this one.
TEST_F(Resume, takes_an_old_manifest_out_of_a_workers_directory) {
  make_source(60 * chunk_size);
  spread();
  expect_moved(run_job(3));
  fs::rename(root / "0", root / "was_0");
  fs::rename(root / "1", root / "0");
  fs::rename(root / "was_0", root / "1");
  set_source(random_bytes(60 * chunk_size, 7));
  Process stopped{job(3, {"--resume", "--window", "1", "--fault", "delay=30000"})};
  EXPECT_TRUE(eventually([this] { return fs::exists(chunk_path(root / "1", 0)); }));
  EXPECT_FALSE(fs::exists(root / "1/manifest.json"));
  stopped.signal(SIGINT);
  stopped.wait();
  const Finished done = run_job(3, {"--resume"});
  ASSERT_EQ(done.exit_code, 0) << describe(done);
  EXPECT_TRUE(fs::exists(root / "0/manifest.json"));
  EXPECT_FALSE(fs::exists(root / "1/manifest.json"));
  for (std::uint64_t i = 0; i < chunks(); ++i) {
    EXPECT_TRUE(read_file(chunk_path(root / (i % 2 == 0 ? "1" : "2"), i)) ==
                bytes.substr(i * chunk_size, chunk_size));
  }
}

TEST_F(Resume, that_sends_nothing_leaves_no_manifest_but_that_of_rank_0) {
  make_source(10 * chunk_size);
  spread();
  expect_moved(run_job(3));
  fs::rename(root / "0/manifest.json", root / "2/manifest.json");
  expect_resumed(run_job(3, {"--resume"}), 0);
  EXPECT_TRUE(fs::exists(root / "0/manifest.json"));
  EXPECT_FALSE(fs::exists(root / "2/manifest.json"));
}

TEST_F(Resume, with_another_layout_is_refused_and_changes_nothing) {
  make_source(10 * chunk_size);
  expect_moved(run_job(3));
  expect_refused({"--resume", "--layout", "file"}, "resume with --layout chunks");
  expect_resumed(run_job(3, {"--resume"}), 0);
}

TEST_F(Resume, of_finished_chunks_makes_no_stripes) {
  make_source(10 * chunk_size);
  expect_moved(run_job(3));
  expect_refused({"--resume", "--layout", "stripes"}, "resume with --layout chunks");
}

TEST_F(Resume, does_not_replace_another_programs_manifest) {
  make_source(10 * chunk_size);
  expect_moved(run_job(3));
  const fs::path manifest = destination / "manifest.json";
  std::ofstream{manifest} << "{\"name\": \"my web app\"}";
  for (const char* option : {"--resume", "--force"}) {
    expect_refused({option}, "manifest.json': has a name of mpiferry's files");
  }
  // The same holds in a worker's own directory.
  fs::remove_all(destination);
  destination = root / "{rank}";
  expect_moved(run_job(3));
  write_file(root / "2" / "manifest.json", "{}");
  const Finished worker = run_job(3, {"--resume"});
  EXPECT_EQ(worker.exit_code, 4) << describe(worker);
  EXPECT_EQ(read_file(root / "2" / "manifest.json"), "{}");
}

TEST_F(Resume, replaces_a_manifest_of_its_own_whatever_has_become_of_it) {
  make_source(10 * chunk_size);
  expect_moved(run_job(3));
  const fs::path manifest = destination / "manifest.json";
  write_file(manifest, Json::parse(read_file(manifest)).dump());  // as other programs write it
  expect_resumed(run_job(3, {"--resume"}), 0);
  for (const std::string& left :
       {std::string{}, std::string(100, '\0'), std::string{"{\n  \"schema\": \"mpif"}}) {
    std::ofstream{manifest, std::ios::binary | std::ios::trunc} << left;
    expect_resumed(run_job(3, {"--resume"}), 0);
  }
}

TEST_F(Resume, does_not_take_a_running_job_over_nor_write_into_its_source) {
  make_source(60 * chunk_size);
  // Long enough for another job to start, also on a machine that is busy.
  Process running{job(3, {"--window", "1", "--fault", "delay=120000"})};
  ASSERT_TRUE(eventually([this] { return !chunks_below(root).empty(); }));
  const Finished late = run(scatter(3, {"--resume", "--chunk-size", "4096", source, destination}));
  EXPECT_EQ(late.exit_code, 4) << describe(late);
  EXPECT_NE(late.err.find("a job is running here"), std::string::npos) << late.err;
  expect_moved(running.wait());

  source = destination / "chunk_3.bin";
  bytes = read_file(source);
  const Finished itself = run_job(3, {"--resume"});
  EXPECT_EQ(itself.exit_code, 2) << describe(itself);
  EXPECT_EQ(read_file(source), bytes);
}

TEST_F(Resume, with_links_that_lead_two_ranks_into_one_directory_removes_nothing_of_the_other) {
  make_source(12 * chunk_size);
  spread();
  fs::create_directory(root / "1");
  fs::create_directory_symlink("1", root / "2");
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(run_job(3, {"--resume"}).exit_code, 0);
    for (std::uint64_t i = 0; i < chunks(); ++i) {
      EXPECT_TRUE(read_file(chunk_path(root / "1", i)) == bytes.substr(i * chunk_size, chunk_size));
    }
  }
}

}  // namespace
}  // namespace mpiferry::e2e
