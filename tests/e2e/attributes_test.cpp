// What files have beside their bytes: modes, times, holes.
#include <csignal>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

struct stat status_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status;
}
unsigned mode_of(const fs::path& path) { return status_of(path).st_mode & 07777U; }

class Attributes : public JobTest, public ::testing::WithParamInterface<const char*> {
 protected:
  Arguments with_layout(Arguments options) const {
    options.insert(options.end(), {"--layout", GetParam()});
    return options;
  }
  Finished scatter_here(const Arguments& options = {}) const {
    return run_under("umask 022", job(3, with_layout(options)));
  }
  Finished gather(const fs::path& target, Arguments options = {}) const {
    Command command{{MPIFERRY_MPIEXEC, "-n", "3", MPIFERRY_BINARY, "gather", "-q"}};
    options.insert(options.end(), {destination, target});
    command.words.insert(command.words.end(), options.begin(), options.end());
    return run_under("umask 022", command);
  }
  // Prepares once(). Returns false if no user is at hand to whom permissions apply.
  bool make_read_only_source() {
    prefix_ = without_override();
    make_source(6 * chunk_size);
    fs::permissions(temporary.path(), fs::perms::all);
    EXPECT_EQ(::chmod(source.c_str(), 0444), 0);
    return prefix_.has_value();
  }
  Finished once(const Arguments& options) const {
    return run(prefixed(*prefix_, job(3, with_layout(options))));
  }
  static Finished run_under(const std::string& before, const Command& command) {
    Command inner = shell(before + R"(; "$@")", command.words);
    return run(std::move(inner));
  }
  // The files that hold the source's bytes.
  std::vector<fs::path> data_files() const {
    std::vector<fs::path> files;
    for (const std::string& name : files_below(destination)) {
      if (name.ends_with(".bin")) files.push_back(destination / name);
    }
    EXPECT_FALSE(files.empty());
    return files;
  }
  const fs::path copy = temporary / "copy";

 private:
  std::optional<Arguments> prefix_;
};

TEST_P(Attributes, permissions_are_the_sources_less_the_umask) {
  make_source(5 * chunk_size + 1);
  for (const auto& [mode, expected] : std::vector<std::pair<mode_t, unsigned>>{
           {0600, 0600}, {0666, 0644}, {0755, 0755}, {0444, 0444}, {06755, 0755}}) {
    ASSERT_EQ(::chmod(source.c_str(), mode), 0);
    const Finished finished = scatter_here({"--force"});
    ASSERT_EQ(finished.exit_code, 0) << describe(finished);
    for (const fs::path& file : data_files()) EXPECT_EQ(mode_of(file), expected) << file;
    EXPECT_EQ(mode_of(destination / "manifest.json"), (expected & 0666U) | 0600U);
    fs::remove(copy);
    ASSERT_EQ(gather(copy).exit_code, 0);
    EXPECT_EQ(mode_of(copy), expected);
    EXPECT_TRUE(read_file(copy) == bytes);
  }
}

TEST_P(Attributes, a_file_that_is_replaced_keeps_its_mode) {
  make_source(2 * chunk_size);
  ASSERT_EQ(scatter_here().exit_code, 0);
  write_file(copy, "older");
  ASSERT_EQ(::chmod(copy.c_str(), 0621), 0);
  ASSERT_EQ(gather(copy, {"--force"}).exit_code, 0);
  EXPECT_EQ(mode_of(copy), 0621U);
  EXPECT_TRUE(read_file(copy) == bytes);
}

TEST_P(Attributes, preserve_gives_back_what_scatter_saw) {
  make_source(3 * chunk_size);
  ASSERT_EQ(::chmod(source.c_str(), 0662), 0);
  const timespec times[2] = {{1'000'000'000, 0}, {1'111'111'111, 222'333'444}};
  ASSERT_EQ(::utimensat(AT_FDCWD, source.c_str(), times, 0), 0);
  ASSERT_EQ(scatter_here({"--preserve"}).exit_code, 0);
  std::vector<fs::path> files = data_files();
  ASSERT_EQ(gather(copy, {"--preserve"}).exit_code, 0);
  files.push_back(copy);
  for (const fs::path& file : files) {
    EXPECT_EQ(mode_of(file), 0662U) << file;
    EXPECT_EQ(status_of(file).st_mtim.tv_sec, times[1].tv_sec) << file;
    EXPECT_EQ(status_of(file).st_mtim.tv_nsec, times[1].tv_nsec) << file;
  }
}

TEST_P(Attributes, preserve_counts_for_what_a_resume_keeps) {
  make_source(3 * chunk_size);
  ASSERT_EQ(::chmod(source.c_str(), 0640), 0);
  ASSERT_EQ(scatter_here().exit_code, 0);
  ASSERT_EQ(::chmod(source.c_str(), 0604), 0);
  const Finished finished = scatter_here({"--resume", "--preserve"});
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(report()["chunks_kept"], 3);
  for (const fs::path& file : data_files()) {
    EXPECT_EQ(mode_of(file), 0604U) << file;
    EXPECT_EQ(status_of(file).st_mtim.tv_nsec, status_of(source).st_mtim.tv_nsec) << file;
  }
}

TEST_P(Attributes, preserve_keeps_the_owner_where_that_is_allowed) {
  make_source(3 * chunk_size);
  if (::chown(source.c_str(), 4321, 4322) != 0) GTEST_SKIP() << "no right to give a file away";
  ASSERT_EQ(scatter_here({"--preserve"}).exit_code, 0);
  std::vector<fs::path> files = data_files();
  ASSERT_EQ(gather(copy, {"--preserve"}).exit_code, 0);
  files.push_back(copy);
  for (const fs::path& file : files) {
    EXPECT_EQ(status_of(file).st_uid, 4321U) << file;
    EXPECT_EQ(status_of(file).st_gid, 4322U) << file;
  }
}

TEST_P(Attributes, a_source_that_may_only_be_read_is_gone_on_with) {
  if (!make_read_only_source()) GTEST_SKIP() << "no setpriv, and this user may write everywhere";
  ASSERT_EQ(once({}).exit_code, 0);
  ASSERT_EQ(::chmod(source.c_str(), 0644), 0);
  std::string changed = bytes;
  changed[3 * chunk_size + 5] ^= 1;
  write_file(source, changed);
  ASSERT_EQ(::chmod(source.c_str(), 0444), 0);
  const Finished finished = once({"--resume"});
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(report()["chunks_sent"], 1);
  for (const fs::path& file : data_files()) EXPECT_EQ(mode_of(file), 0444U) << file;
}

TEST_P(Attributes, a_resume_that_is_refused_changes_no_mode) {
  if (!make_read_only_source()) GTEST_SKIP() << "no setpriv, and this user may write everywhere";
  ASSERT_EQ(once({}).exit_code, 0);
  for (const fs::path& file : data_files()) {
    fs::create_hard_link(file, temporary / ("mine-" + file.filename().string()));
  }
  const Finished finished = once({"--resume"});
  if (GetParam() == std::string_view{"chunks"}) {  // each is replaced as a whole, if at all
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  } else {
    EXPECT_EQ(finished.exit_code, 4) << describe(finished);
    EXPECT_NE(finished.err.find("a hard link"), std::string::npos) << describe(finished);
  }
  for (const fs::path& file : data_files()) {
    EXPECT_EQ(mode_of(file), 0444U) << file;
    EXPECT_EQ(mode_of(temporary / ("mine-" + file.filename().string())), 0444U) << file;
  }
}

TEST_P(Attributes, a_job_that_was_killed_is_gone_on_with_in_the_sources_mode) {
  chunk_size = 4096;
  make_source(100 * chunk_size);
  ASSERT_EQ(::chmod(source.c_str(), 0400), 0);
  {
    Process killed{job(3, with_layout({"--window", "1", "--fault", "delay=50000"}))};
    ASSERT_TRUE(eventually([this] { return files_below(destination).size() > 1; }));
    nap(300ms);  // for a chunk or two
    for (const pid_t pid : killed.ranks()) ::kill(pid, SIGKILL);
    killed.wait();
    ASSERT_FALSE(fs::exists(destination / "manifest.json"));
  }
  const Finished finished = scatter_here({"--resume"});
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  for (const fs::path& file : data_files()) EXPECT_EQ(mode_of(file), 0400U) << file;
}

// 40 MiB of which 3 pages are data, the last of them in the middle of a chunk.
class Holes : public Attributes {
 protected:
  static constexpr std::uint64_t kSize = 40 << 20;
  void SetUp() override {
    write_file(source, "");
    fs::resize_file(source, kSize);
    bytes.assign(kSize, '\0');
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{7'000'001}, kSize / 2}) {
      put(at, random_bytes(4096, at + 1));
    }
    if (allocated(source) > 64 * 1024) GTEST_SKIP() << "this file system has no holes";
  }
  void put(std::uint64_t at, const std::string& text) {
    bytes.replace(at, text.size(), text);
    const int file = ::open(source.c_str(), O_WRONLY);
    EXPECT_EQ(::pwrite(file, text.data(), text.size(), static_cast<off_t>(at)),
              static_cast<ssize_t>(text.size()));
    ::close(file);
  }
  static std::uint64_t allocated(const fs::path& path) {
    return static_cast<std::uint64_t>(status_of(path).st_blocks) * 512;
  }
  std::uint64_t allocated_at_destination() const {
    std::uint64_t sum = 0;
    for (const fs::path& file : data_files()) sum += allocated(file);
    return sum;
  }
};

TEST_P(Holes, of_the_source_stay_holes) {
  const Finished finished = scatter_here();
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  if (GetParam() != std::string_view{"chunks"}) {
    EXPECT_LE(allocated_at_destination(), 64U * 1024);
  }
  EXPECT_EQ(report()["digest_xxh128"], xxh128(source));
  ASSERT_EQ(gather(copy).exit_code, 0);
  EXPECT_TRUE(read_file(copy) == bytes);
  EXPECT_LE(allocated(copy), 64U * 1024);
}

TEST_P(Holes, are_filled_on_request) {
  ASSERT_EQ(scatter_here({"--sparse", "never"}).exit_code, 0);
  EXPECT_GE(allocated_at_destination(), kSize);
  ASSERT_EQ(gather(copy, {"--sparse", "never"}).exit_code, 0);
  EXPECT_TRUE(read_file(copy) == bytes);
  EXPECT_GE(allocated(copy), kSize);
}

TEST_P(Holes, that_come_where_data_was_are_made_by_a_resume) {
  put(30 << 20, random_bytes(2 << 20, 9));
  ASSERT_EQ(scatter_here().exit_code, 0);
  fs::resize_file(source, 30 << 20);
  fs::resize_file(source, kSize);
  bytes.replace(30 << 20, 10 << 20, std::string(10 << 20, '\0'));
  const Finished finished = scatter_here({"--resume"});
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  if (GetParam() != std::string_view{"chunks"}) {
    EXPECT_LE(allocated_at_destination(), 64U * 1024);
  }
  ASSERT_EQ(gather(copy).exit_code, 0);
  EXPECT_TRUE(read_file(copy) == bytes);
}

TEST_P(Holes, need_no_free_space) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  if (GetParam() == std::string_view{"chunks"}) GTEST_SKIP() << "each chunk is a whole file there";
  fs::create_directory(root);
  const auto expect_free_space = [&] {
    Arguments words{root};
    const Command inner = job(3, with_layout({"-q", "--force"}));
    words.insert(words.end(), inner.words.begin(), inner.words.end());
    const Finished finished = run(prefixed(
        *prefix,
        shell(R"(mount -t tmpfs -o size=2m ferry "$1" || exit 99; shift; "$@" && "$@")", words)));
    EXPECT_EQ(finished.exit_code, 0) << describe(finished);
  };
  expect_free_space();
  if (GetParam() == std::string_view{"file"}) return;
  destination = root / "{rank}";
  expect_free_space();
}

INSTANTIATE_TEST_SUITE_P(In, Attributes, ::testing::Values("chunks", "stripes", "file"),
                         [](const auto& test) { return std::string{test.param}; });
INSTANTIATE_TEST_SUITE_P(In, Holes, ::testing::Values("chunks", "stripes", "file"),
                         [](const auto& test) { return std::string{test.param}; });

}  // namespace
}  // namespace mpiferry::e2e
