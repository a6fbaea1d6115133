#include "tests/e2e/job.hpp"

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>
#include <unistd.h>

namespace mpiferry::e2e {

namespace fs = std::filesystem;

namespace {

// Returns the text of the one manifest below `root`.
std::string manifest_below(const fs::path& root) {
  std::string text;
  for (const std::string& file : files_below(root)) {
    if (fs::path{file}.filename() == "manifest.json") text += read_file(root / file);
  }
  return text;
}

}  // namespace

Command scatter(int ranks, const Arguments& arguments) {
  Command command{{MPIFERRY_MPIEXEC, "-n", std::to_string(ranks), MPIFERRY_BINARY, "scatter"}};
  command.words.insert(command.words.end(), arguments.begin(), arguments.end());
  return command;
}

Command prefixed(const Arguments& prefix, Command command) {
  command.words.insert(command.words.begin(), prefix.begin(), prefix.end());
  return command;
}

void JobTest::make_source(std::uint64_t size) {
  bytes = random_bytes(size);
  write_file(source, bytes);
}

Command JobTest::job(int ranks, const Arguments& arguments) const {
  Arguments words{"--chunk-size", std::to_string(chunk_size), "--json", report_path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  words.insert(words.end(), {"--", source, destination});
  return scatter(ranks, words);
}

Json JobTest::report() const {
  return Json::parse(read_file(report_path), nullptr, /*allow_exceptions=*/false);
}

void JobTest::expect_moved(const Finished& finished) const {
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(error_lines(finished), 0) << describe(finished);
  EXPECT_TRUE(finished.left.empty()) << describe(finished);
  const std::uint64_t chunks = (bytes.size() + chunk_size - 1) / chunk_size;
  EXPECT_EQ(chunks_below(root).size(), chunks);
  expect_right_chunks();
  EXPECT_TRUE(unfinished_below(root).empty()) << ::testing::PrintToString(unfinished_below(root));
  const Json done = report();
  ASSERT_TRUE(done.is_object()) << read_file(report_path);
  EXPECT_EQ(done["verdict"], "ok");
  EXPECT_EQ(done["exit_code"], 0);
  EXPECT_EQ(done["source_bytes"], bytes.size());
  EXPECT_EQ(done["chunks"], chunks);
  EXPECT_EQ(done["chunks_written"], chunks);
  EXPECT_EQ(done["bytes_written"], bytes.size());
  const Json manifest = Json::parse(manifest_below(root), nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(manifest.is_object());
  EXPECT_EQ(manifest["schema"], "mpiferry.manifest/2");
  EXPECT_EQ(manifest["size"], bytes.size());
  EXPECT_EQ(manifest["chunk_size"], chunk_size);
  EXPECT_EQ(manifest["chunks"], chunks);
  EXPECT_EQ(manifest["digest"], done["digest_xxh128"]);
  EXPECT_EQ(manifest["chunk_digests"].size(), chunks);
  EXPECT_EQ(manifest["workers"].size(), done["workers"].size());
  if (have_xxhsum() && fs::is_regular_file(source)) {
    EXPECT_EQ(manifest["digest"], xxh128(source));
  }
}

void JobTest::expect_failed(const Finished& finished, int exit_code,
                            std::string_view message) const {
  EXPECT_FALSE(finished.timed_out) << describe(finished);
  EXPECT_EQ(finished.exit_code, exit_code) << describe(finished);
  EXPECT_EQ(error_lines(finished), 1) << describe(finished) << read_file(report_path);
  EXPECT_NE(finished.err.find(message), std::string::npos) << "not said: " << message << '\n'
                                                           << describe(finished);
  EXPECT_TRUE(finished.left.empty()) << describe(finished);
  expect_nothing_unfinished();
}

void JobTest::expect_nothing_unfinished() const {
  EXPECT_TRUE(unfinished_below(root).empty()) << ::testing::PrintToString(unfinished_below(root));
  for (const std::string& file : files_below(root)) {
    const std::string name = fs::path{file}.filename();
    EXPECT_NE(name, "manifest.json") << file;
    EXPECT_FALSE(name.starts_with("XXH3SUMS")) << file;
  }
  expect_right_chunks();
}

void JobTest::expect_right_chunks() const {
  std::set<std::uint64_t> seen;
  for (const std::string& file : files_below(root)) {
    const auto index = chunk_index(file);
    if (!index) continue;
    const std::uint64_t chunk = *index;
    EXPECT_TRUE(seen.insert(chunk).second) << file << " is there twice";
    ASSERT_LT(chunk * chunk_size, bytes.size()) << file << " is beyond the end of the source";
    const std::string_view expected =
        std::string_view{bytes}.substr(chunk * chunk_size, chunk_size);
    // EXPECT_EQ would print the bytes.
    EXPECT_TRUE(read_file(root / file) == expected) << file << " has other bytes than the source";
  }
}

void JobTest::expect_sums_accepted() const {
  for (const std::string& file : files_below(root)) {
    const fs::path path = root / file;
    // xxhsum refuses lists without a line, which is what an empty source has.
    if (!path.filename().string().starts_with("XXH3SUMS") || fs::file_size(path) == 0) continue;
    const Finished checked =
        run({.words = {MPIFERRY_XXHSUM, "-c", path.filename()}, .directory = path.parent_path()});
    EXPECT_EQ(checked.exit_code, 0) << file << '\n' << describe(checked);
  }
}

int error_lines(const Finished& finished) {
  constexpr std::string_view needle = "mpiferry: error:";
  const std::string all = finished.output();
  int count = 0;
  for (auto at = all.find(needle); at != std::string::npos; at = all.find(needle, at + 1)) ++count;
  return count;
}

std::ptrdiff_t lines_like(const std::string& text, const std::string& pattern) {
  std::istringstream lines{text};
  const std::regex regex{pattern};
  std::ptrdiff_t count = 0;
  for (std::string line; std::getline(lines, line);) count += std::regex_match(line, regex);
  return count;
}

std::string describe(const Finished& finished) {
  std::string text = "exit code " + std::to_string(finished.exit_code) + " after " +
                     std::to_string(finished.time.count()) + " s" +
                     (finished.timed_out ? ", timed out" : "") + "\n--- out:\n" + finished.out +
                     "--- err:\n" + finished.err;
  for (const std::string& process : finished.left) text += "--- left behind: " + process + '\n';
  return text;
}

bool have_xxhsum() { return ::access(MPIFERRY_XXHSUM, X_OK) == 0; }

std::string xxh128(const fs::path& file) {
  const Finished said = run({{MPIFERRY_XXHSUM, "-H2", file}});
  return said.out.substr(0, said.out.find(' '));
}

std::optional<Arguments> without_override() {
  const Arguments prefix =
      ::geteuid() == 0 ? Arguments{"setpriv", "--bounding-set=-dac_override,-dac_read_search"}
                       : Arguments{};
  const TemporaryDirectory temporary;
  write_file(temporary / "secret", "secret");
  fs::permissions(temporary / "secret", fs::perms::none);
  try {
    if (run(prefixed(prefix, {{"cat", temporary / "secret"}})).exit_code == 1) return prefix;
  } catch (const std::system_error&) {  // no setpriv
  }
  return std::nullopt;
}

std::optional<Arguments> with_private_mounts() {
  const TemporaryDirectory temporary;
  for (const Arguments& prefix : {Arguments{"unshare", "-m"}, Arguments{"unshare", "-rm"}}) {
    try {
      if (run(prefixed(prefix,
                       {{"mount", "-t", "tmpfs", "-o", "size=1m", "ferry", temporary.path()}}))
              .exit_code == 0) {
        return prefix;
      }
    } catch (const std::system_error&) {  // no unshare
    }
  }
  return std::nullopt;
}

}  // namespace mpiferry::e2e
