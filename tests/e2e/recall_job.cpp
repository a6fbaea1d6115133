#include "tests/e2e/recall_job.hpp"

#include <sstream>

namespace mpiferry::e2e {

namespace fs = std::filesystem;

namespace {

Command recall(int ranks, const Words& words) {
  Command command{{MPIFERRY_BINARY}};
  if (ranks > 0) command.words = {MPIFERRY_MPIEXEC, "-n", std::to_string(ranks), MPIFERRY_BINARY};
  command.words.insert(command.words.end(), words.begin(), words.end());
  return command;
}

}  // namespace

void RecallTest::scatter_bytes(std::uint64_t size, int ranks, const Words& arguments) {
  make_source(size);
  const Finished finished = run_job(ranks, arguments);
  ASSERT_EQ(finished.exit_code, 0) << told(finished);
}

Command RecallTest::gather(int ranks, const Words& arguments) const {
  Words words{"gather", "--json", report_path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  words.insert(words.end(), {"--", destination, target});
  return recall(ranks, words);
}

Command RecallTest::verify(int ranks, const Words& arguments) const {
  Words words{"verify", "--json", report_path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  words.insert(words.end(), {"--", destination});
  return recall(ranks, words);
}

fs::path RecallTest::part() const {
  return target.parent_path() / ("." + target.filename().string() + ".mpiferry.part");
}

void RecallTest::expect_gathered(const Finished& finished) const {
  ASSERT_EQ(finished.exit_code, 0) << told(finished);
  EXPECT_EQ(finished.err, "") << told(finished);
  EXPECT_TRUE(finished.left.empty()) << told(finished);
  ASSERT_TRUE(fs::exists(target));
  EXPECT_TRUE(read_file(target) == bytes) << target << " has other bytes than the source";
  EXPECT_FALSE(fs::exists(part()));
  const std::uint64_t chunks = (bytes.size() + chunk_size - 1) / chunk_size;
  const Json said = report();
  EXPECT_EQ(said["command"], "gather");
  EXPECT_EQ(said["verdict"], "ok");
  EXPECT_EQ(said["target"], target.string());
  EXPECT_EQ(said["chunks"], chunks);
  EXPECT_EQ(said["chunks_written"], chunks);
  EXPECT_EQ(said["bytes_written"], bytes.size());
}

void RecallTest::gather_with(int ranks, const Words& arguments) const {
  SCOPED_TRACE("gathered by " + std::to_string(ranks) + " ranks");
  expect_gathered(run(gather(ranks, arguments)));
  fs::remove(target);
}

void RecallTest::expect_not_gathered(const Finished& finished, int exit_code,
                                     std::string_view message) const {
  EXPECT_FALSE(finished.timed_out) << told(finished);
  EXPECT_EQ(finished.exit_code, exit_code) << told(finished);
  EXPECT_EQ(error_lines(finished), 1) << told(finished);
  EXPECT_NE(line_with(finished.err, message), "") << "not said: " << message << '\n'
                                                  << told(finished);
  EXPECT_TRUE(finished.left.empty()) << told(finished);
  EXPECT_FALSE(fs::exists(target));
  EXPECT_FALSE(fs::exists(part()));
}

void RecallTest::expect_verified(const Finished& finished) const {
  EXPECT_EQ(finished.exit_code, 0) << told(finished);
  EXPECT_EQ(finished.err, "") << told(finished);
  const Json said = report();
  EXPECT_EQ(said["command"], "verify");
  EXPECT_EQ(said["verdict"], "ok");
  EXPECT_EQ(said["chunks_written"], said["chunks"]);
  EXPECT_EQ(said["bytes_written"], said["source_bytes"]);
  EXPECT_EQ(said["discrepancies"], Json::array());
}

void RecallTest::doctor(const std::function<void(Json&)>& change) const {
  for (const std::string& file : files_below(root)) {
    if (fs::path{file}.filename() != "manifest.json") continue;
    Json manifest = Json::parse(read_file(root / file));
    change(manifest);
    write_file(root / file, manifest.dump());
  }
}

std::string line_with(const std::string& text, std::string_view words) {
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.find(words) != std::string::npos) return line;
  }
  return "";
}

}  // namespace mpiferry::e2e
