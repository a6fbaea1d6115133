// A source that does not fit: nothing that lies at the destination changes before that is known.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

// The script gets what to mount, the destination, the larger source, the words of a job of the
// smaller source, "and", and the words of a job of the larger one.
constexpr const char* kTwoJobs = R"(
  eval "$1" || exit 99
  root=$2 larger=$3; shift 3; first=()
  while [ "$1" != and ]; do first+=("$1"); shift; done; shift
  "${first[@]}" || exit 98
  sum() { cd "$root"; find . -type f | sort | xargs stat -c '%n %a %s %b'; find . -type f | sort | xargs md5sum; df --output=avail .; }
  before=$(sum)
  "$@"; code=$?
  after=$(sum)
  [ "$before" = "$after" ] || { printf 'before: %s\nafter: %s\n' "$before" "$after"; exit 97; }
  exit $code)";

struct Case {
  const char* name;
  Arguments layout;
  bool spread = false;  // each rank has a directory of its own
};
void PrintTo(const Case& it, std::ostream* out) { *out << it.name; }

class TooLarge : public JobTest, public ::testing::WithParamInterface<Case> {
 protected:
  // Runs a job of 4 MiB, then one of 7 MiB with `options` on a disk of 6 MiB.
  Finished run_both(const Arguments& prefix, const std::string& mount, const Arguments& options) {
    make_source(4 << 20);
    write_file(second, bytes + random_bytes(3 << 20, 7));
    return run_jobs(prefix, mount, options);
  }
  // Runs a job of the source, then one of `second` with `options`, through `wrapper`.
  Finished run_jobs(const Arguments& prefix, const std::string& mount, const Arguments& options,
                    const Arguments& wrapper = {}) {
    const Arguments& layout = GetParam().layout;
    if (GetParam().spread) destination = root / "{rank}";
    std::filesystem::create_directory(root);
    Command command = shell(kTwoJobs, {mount, root, second});
    const auto add = [&](const Command& job) {
      command.words.insert(command.words.end(), job.words.begin(), job.words.end());
    };
    add(job(3, layout));
    command.words.emplace_back("and");
    command.words.insert(command.words.end(), wrapper.begin(), wrapper.end());
    Arguments both = layout;
    both.insert(both.end(), options.begin(), options.end());
    source = second;
    add(job(3, both));
    command.words[0] = "bash";
    return run(prefixed(prefix, command));
  }
  void expect_untouched(const Finished& finished, std::string_view message) {
    EXPECT_EQ(finished.exit_code, 4) << describe(finished);
    EXPECT_EQ(error_lines(finished), 1) << describe(finished);
    EXPECT_NE(finished.err.find(message), std::string::npos) << describe(finished);
    EXPECT_EQ(finished.err.find("may be gone"), std::string::npos) << describe(finished);
    EXPECT_EQ(finished.err.find("no manifest was published"), std::string::npos)
        << describe(finished);
  }
  const std::filesystem::path second = temporary / "second";
};

constexpr const char* kTmpfs = "mount -t tmpfs -o size=6m ferry \"$2\"";
// Its own blocks take a part of the 10 MiB.
constexpr const char* kExt4 =
    "truncate -s 10M \"$2.image\" && mkfs.ext4 -q -O ^has_journal -m 0 \"$2.image\" && "
    "mount -o loop \"$2.image\" \"$2\" && rmdir \"$2/lost+found\" && "
    "fallocate -l $(( ($(df -B1 --output=avail \"$2\" | tail -1)) - (6 << 20) )) \"$2/filler\"";

TEST_P(TooLarge, to_go_on_changes_nothing) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  expect_untouched(run_both(*prefix, kTmpfs, {"--resume"}), "are free");
}

TEST_P(TooLarge, to_go_on_changes_nothing_on_ext4) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  const Finished finished = run_both(*prefix, kExt4, {"--resume"});
  if (finished.exit_code == 99) GTEST_SKIP() << "no ext4 in a file can be mounted here";
  expect_untouched(finished, "are free");
}

const Case kCases[] = {{"file", {"--layout", "file"}},
                       {"stripes", {"--layout", "stripes"}},
                       {"chunks", {"--layout", "chunks"}},
                       {"stripes_apart", {"--layout", "stripes"}, true},
                       {"chunks_apart", {"--layout", "chunks"}, true}};
INSTANTIATE_TEST_SUITE_P(In, TooLarge, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string{test.param.name}; });

TEST_P(TooLarge, to_replace_what_is_there_changes_nothing) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  expect_untouched(run_both(*prefix, kTmpfs, {"--force"}), "are free");
}

// A chunk is written beside the one that it replaces.
TEST_P(TooLarge, to_replace_chunks_that_have_changed_changes_nothing) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  if (GetParam().layout.back() != "chunks") GTEST_SKIP() << "others are written in their place";
  make_source(4 << 20);
  write_file(second, random_bytes(4 << 20, 7));
  const Finished finished =
      run_jobs(*prefix, "mount -t tmpfs -o size=4140k ferry \"$2\"", {"--resume"});
  expect_untouched(finished, "are free");
  EXPECT_NE(finished.err.find("the finished job there is unchanged"), std::string::npos)
      << describe(finished);
}

TEST_P(TooLarge, to_fill_holes_changes_nothing) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  make_source(0);
  std::filesystem::resize_file(source, 7 << 20);
  write_file(second, random_bytes(7 << 20, 7));
  if (GetParam().layout.back() == "chunks") GTEST_SKIP() << "chunks have no holes";
  for (const char* mount : {kTmpfs, kExt4}) {
    const Finished finished = run_jobs(*prefix, mount, {"--resume"});
    if (finished.exit_code == 99) continue;  // no ext4 in a file can be mounted here
    expect_untouched(finished, "are free");
    std::filesystem::remove_all(root);
    source = temporary / "source";
  }
}

TEST_P(TooLarge, for_the_file_size_limit_changes_nothing) {
  const auto prefix = with_private_mounts();
  if (!prefix) GTEST_SKIP() << "no right to mount here";
  if (GetParam().layout.back() == "chunks")
    GTEST_SKIP() << "MPI does not start with so low a limit";
  make_source(1 << 20);
  write_file(second, random_bytes(20 << 20, 7));
  const Arguments limited{"bash", "-c", R"(ulimit -f 8192; "$@")", "limited"};
  const Finished finished = run_jobs(*prefix, "mount -t tmpfs ferry \"$2\"", {"--force"}, limited);
  expect_untouched(finished, "and the limit is 8388608");
}

}  // namespace
}  // namespace mpiferry::e2e
