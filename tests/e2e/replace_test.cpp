// --force where every rank has a directory of its own removes nothing before every rank has looked.
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

class Replace : public JobTest {
 protected:
  void SetUp() override {
    destination = root / "{rank}";
    make_source(10 * chunk_size);
    ASSERT_EQ(run_job(3).exit_code, 0);
  }

  std::map<std::string, std::string> content() const {
    std::map<std::string, std::string> all;
    for (const std::string& name : files_below(root)) all[name] = read_file(root / name);
    return all;
  }

  void expect_refused(const Command& command, int exit_code) const {
    const auto before = content();
    const Finished finished = run(command);
    EXPECT_EQ(finished.exit_code, exit_code) << describe(finished);
    EXPECT_EQ(error_lines(finished), 1) << describe(finished);
    EXPECT_EQ(finished.err.find("may be gone"), std::string::npos) << describe(finished);
    EXPECT_TRUE(content() == before);
  }
};

TEST_F(Replace, changes_nothing_where_another_program_has_such_a_name) {
  write_file(root / "2" / "XXH3SUMS", "mine\n");
  expect_refused(job(3, {"--force"}), 4);
}

TEST_F(Replace, changes_nothing_where_a_rank_has_no_directory) {
  write_file(root / "3", "a file");
  expect_refused(job(4, {"--force"}), 4);
}

TEST_F(Replace, changes_nothing_where_a_directory_has_the_name_of_a_chunk) {
  fs::create_directories(root / "3" / "chunk_2.bin");
  expect_refused(job(4, {"--force"}), 4);
}

TEST_F(Replace, changes_nothing_when_one_of_its_chunks_is_the_source) {
  source = chunk_path(root / "2", 1);
  ASSERT_TRUE(fs::exists(source));
  expect_refused(job(3, {"--force"}), 2);
}

TEST_F(Replace, changes_nothing_where_a_rank_may_open_too_few_files) {
  Command few = job(3, {"--force", "--fsync", "--window", "512"});
  const Command limited = shell(R"([ "$PMI_RANK" != 1 ] || ulimit -n 120; exec "$@")", {});
  few.words.insert(few.words.begin() + 3, limited.words.begin(), limited.words.end());
  expect_refused(few, 2);
}

// One directory takes longer to empty than the other, so the space that is free meanwhile decides
// nothing.
TEST_F(Replace, fits_where_all_that_goes_frees_space) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  fs::remove_all(root);
  fs::create_directory(root);
  make_source(48 << 20);
  chunk_size = 1 << 20;
  Command command = shell(R"(mount -t tmpfs -o size=64m ferry "$1" && mkdir "$1/1" "$1/2" &&
    head -c 24M /dev/zero >"$1/1/chunk_0.bin" && head -c 20M /dev/zero >"$1/2/chunk_0.bin" || exit 99
    i=1; while [ $i -le 10000 ]; do : >"$1/2/chunk_$i.bin"; i=$((i + 1)); done
    shift; exec "$@")",
                          {root});
  const Command replacing = job(3, {"--force"});
  command.words.insert(command.words.end(), replacing.words.begin(), replacing.words.end());
  const Finished finished = run(prefixed(*prefix, command));
  EXPECT_EQ(finished.exit_code, 0) << describe(finished);
}

}  // namespace
}  // namespace mpiferry::e2e
