// Files that have one of mpiferry's names and are no job's: the source, another program's, what is
// no regular file. They stay, whatever options are given.
#include <string>
#include <string_view>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNames[] = {".mpiferry.job", "chunk_0.bin", "manifest.json", "XXH3SUMS"};

class NotOurs : public JobTest {
 protected:
  void SetUp() override {
    make_source(300'000);
    fs::create_directory(destination);
  }
  // Every way to replace what is there is refused, with one error, and nothing else is made.
  void expect_refused(int exit_code, std::string_view message) {
    const auto before = files_below(root);
    for (const Arguments& options : {Arguments{}, Arguments{"--force"}, Arguments{"--resume"}}) {
      const Finished finished = run_job(3, options);
      if (options.empty() && finished.exit_code == 4) continue;  // something is there: enough
      EXPECT_EQ(finished.exit_code, exit_code) << describe(finished);
      EXPECT_NE(finished.err.find(message), std::string::npos) << describe(finished);
      EXPECT_EQ(error_lines(finished), 1) << describe(finished);
      EXPECT_EQ(finished.err.find("may be gone"), std::string::npos) << describe(finished);
    }
    EXPECT_EQ(files_below(root), before);
  }
};

TEST_F(NotOurs, the_source_in_the_destination_stays) {
  for (const char* name : kNames) {
    source = destination / name;
    write_file(source, bytes);
    expect_refused(2, "its source");
    EXPECT_TRUE(read_file(source) == bytes) << name;
    fs::remove(source);
  }
}

TEST_F(NotOurs, a_link_to_the_source_in_the_destination_stays) {
  for (const char* name : kNames) {
    fs::create_symlink(source, destination / name);
    expect_refused(4, "is a symbolic link, and has a name of mpiferry's files");
    EXPECT_TRUE(fs::is_symlink(destination / name));
    fs::remove(destination / name);
  }
}

TEST_F(NotOurs, the_source_on_standard_input_in_the_destination_stays) {
  for (const char* name : kNames) {
    const fs::path there = destination / name;
    write_file(there, bytes);
    Command command = job(3, {"--force"});
    std::ranges::replace(command.words, source.string(), std::string{"-"});
    command.input = there;
    const Finished finished = run(command);
    // MPICH's mpirun forwards a pipe. Then this is at least another program's file.
    EXPECT_NE(finished.exit_code, 0) << describe(finished);
    EXPECT_TRUE(read_file(there) == bytes) << name;
    fs::remove(there);
  }
}

TEST_F(NotOurs, the_source_in_a_workers_directory_stays) {
  root = destination;
  destination = root / "{rank}";
  fs::create_directory(root / "2");
  for (const char* name : kNames) {
    source = root / "2" / name;
    write_file(source, bytes);
    const Finished finished = run_job(3, {"--force"});
    EXPECT_EQ(finished.exit_code, 2) << describe(finished);
    EXPECT_NE(finished.err.find("rank 2 ("), std::string::npos) << describe(finished);
    EXPECT_TRUE(read_file(source) == bytes) << name;
    fs::remove(source);
  }
}

// As an image layout has it.
TEST_F(NotOurs, another_programs_manifest_and_sums_stay) {
  write_file(destination / "manifest.json", R"({"schemaVersion": 2, "layers": []})");
  expect_refused(4, "manifest.json': has a name of mpiferry's files");
  write_file(destination / "XXH3SUMS", "0123456789abcdef  layer.tar\n");
  expect_refused(4, "has a name of mpiferry's files, and mpiferry has not written it");
  fs::remove(destination / "manifest.json");
  expect_refused(4, "XXH3SUMS': has a name of mpiferry's files");
}

TEST_F(NotOurs, what_is_no_regular_file_stays) {
  for (const char* name : kNames) {
    ASSERT_EQ(::mkfifo((destination / name).c_str(), 0600), 0);
    expect_refused(4, "is a FIFO, and has a name of mpiferry's files");
    EXPECT_TRUE(fs::is_fifo(destination / name)) << name;
    fs::remove(destination / name);
  }
}

TEST_F(NotOurs, a_job_lock_of_the_users_stays) {
  write_file(destination / ".mpiferry.job", "my notes on the job\n");
  expect_refused(4, ".mpiferry.job': has a name of mpiferry's files");
  const Finished plain = run_job(3);
  EXPECT_NE(plain.err.find("hint: move it away"), std::string::npos) << describe(plain);
  EXPECT_EQ(plain.err.find("notes"), std::string::npos) << describe(plain);
}

}  // namespace
}  // namespace mpiferry::e2e
