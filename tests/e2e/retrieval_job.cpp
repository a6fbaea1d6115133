#include "tests/e2e/retrieval_job.hpp"

#include <sstream>

namespace mpiferry::e2e {

namespace fs = std::filesystem;

namespace {

Command retrieval(int ranks, const Arguments& words) {
  Command command{{MPIFERRY_BINARY}};
  if (ranks > 0) command.words = {MPIFERRY_MPIEXEC, "-n", std::to_string(ranks), MPIFERRY_BINARY};
  command.words.insert(command.words.end(), words.begin(), words.end());
  return command;
}

}  // namespace

void RetrievalTest::scatter_bytes(std::uint64_t size, int ranks, const Arguments& arguments) {
  make_source(size);
  const Finished finished = run_job(ranks, arguments);
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
}

Command RetrievalTest::gather(int ranks, const Arguments& arguments) const {
  Arguments words{"gather", "--json", report_path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  words.insert(words.end(), {"--", destination, target});
  return retrieval(ranks, words);
}

Command RetrievalTest::verify(int ranks, const Arguments& arguments) const {
  Arguments words{"verify", "--json", report_path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  words.insert(words.end(), {"--", destination});
  return retrieval(ranks, words);
}

fs::path RetrievalTest::partial_file() const {
  return target.parent_path() / ("." + target.filename().string() + ".mpiferry.part");
}

void RetrievalTest::expect_gathered(const Finished& finished) const {
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(finished.err, "") << describe(finished);
  EXPECT_TRUE(finished.left.empty()) << describe(finished);
  ASSERT_TRUE(fs::exists(target));
  EXPECT_TRUE(read_file(target) == bytes) << target << " has other bytes than the source";
  EXPECT_FALSE(fs::exists(partial_file()));
  const std::uint64_t chunks = (bytes.size() + chunk_size - 1) / chunk_size;
  const Json said = report();
  EXPECT_EQ(said["command"], "gather");
  EXPECT_EQ(said["verdict"], "ok");
  EXPECT_EQ(said["target"], target.string());
  EXPECT_EQ(said["chunks"], chunks);
  EXPECT_EQ(said["chunks_written"], chunks);
  EXPECT_EQ(said["bytes_written"], bytes.size());
}

void RetrievalTest::gather_with(int ranks, const Arguments& arguments) const {
  SCOPED_TRACE("gathered by " + std::to_string(ranks) + " ranks");
  expect_gathered(run(gather(ranks, arguments)));
  fs::remove(target);
}

void RetrievalTest::expect_not_gathered(const Finished& finished, int exit_code,
                                        std::string_view message) const {
  EXPECT_FALSE(finished.timed_out) << describe(finished);
  EXPECT_EQ(finished.exit_code, exit_code) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1) << describe(finished);
  EXPECT_NE(line_with(finished.err, message), "") << "not said: " << message << '\n'
                                                  << describe(finished);
  EXPECT_TRUE(finished.left.empty()) << describe(finished);
  EXPECT_FALSE(fs::exists(target));
  EXPECT_FALSE(fs::exists(partial_file()));
}

void RetrievalTest::expect_verified(const Finished& finished) const {
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(finished.err, "") << describe(finished);
  const Json said = report();
  EXPECT_EQ(said["command"], "verify");
  EXPECT_EQ(said["verdict"], "ok");
  EXPECT_EQ(said["chunks_written"], said["chunks"]);
  EXPECT_EQ(said["bytes_written"], said["source_bytes"]);
  EXPECT_EQ(said["discrepancies"], Json::array());
}

void RetrievalTest::doctor(const std::function<void(Json&)>& change) const {
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
