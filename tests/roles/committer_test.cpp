// Chunks that go to the disk together: each is there, or has an error of its own.
#include "engine/operations/scatter/committer.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <deque>
#include <optional>
#include <sys/resource.h>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>

#include "tests/roles/support.hpp"
#include "tests/support/posix_files.hpp"

namespace mpiferry::operations {
namespace {

class CommitterTest : public ApiTest {
 protected:
  CommitterTest() {
    auto opened =
        disk::Directory::open_or_create(files, (directory / std::to_string(world_rank)).string());
    if (!opened) throw std::runtime_error{opened.error().message()};
    destination.emplace(std::move(*opened));
  }
  std::string written(const std::string& name) const {
    return read_file(std::filesystem::path{destination->path()} / name);
  }
  // Runs what give() has started; done when every commit is.
  void settle(const std::deque<Committer::Commit>& commits) {
    while (!std::ranges::all_of(commits, &Committer::Commit::done)) io.run_one();
  }

  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy{io.get_executor()};
  std::optional<disk::Directory> destination;
  threads::SystemThreads threads;
  std::string text = random_bytes(3 * kPageSize + 17);  // not only whole pages
  std::span<const std::byte> payload = std::as_bytes(std::span{text});
};

TEST_F(CommitterTest, publishes_each_of_a_group_and_what_comes_meanwhile) {
  constexpr std::size_t kMany = 20;
  const auto started = Committer::start(io, threads, *destination, kMany);
  ASSERT_TRUE(started);
  Committer& committer = **started;
  std::deque<Committer::Commit> commits;
  for (std::size_t i = 0; i < kMany; ++i) {
    auto part =
        destination->open_partial("chunk_" + std::to_string(i) + ".bin", 7, {.direct = i % 2 == 0});
    ASSERT_FALSE(part.error);
    commits.push_back({.slot = disk::ChunkSlot{std::move(part)}, .payload = payload.subspan(i)});
    committer.give(commits.back());
    if (i % 3 == 0) io.poll();
  }
  settle(commits);
  for (std::size_t i = 0; i < kMany; ++i) {
    EXPECT_FALSE(commits[i].slot.error());
    EXPECT_TRUE(written("chunk_" + std::to_string(i) + ".bin") == text.substr(i)) << i;
  }
}

TEST_F(CommitterTest, tells_the_error_of_one_and_publishes_the_others) {
  const auto started = Committer::start(io, threads, *destination, 3);
  ASSERT_TRUE(started);
  Committer& committer = **started;
  std::deque<Committer::Commit> commits;
  for (const char* name : {"a", "b", "c"}) {
    auto part = destination->open_partial(name, 7);
    ASSERT_FALSE(part.error);
    commits.push_back({.slot = disk::ChunkSlot{std::move(part)}, .payload = payload});
  }
  // A directory is in the way of b.
  std::filesystem::create_directory(std::filesystem::path{destination->path()} / "b");
  for (auto& commit : commits) committer.give(commit);
  settle(commits);
  EXPECT_FALSE(commits[0].slot.error());
  EXPECT_EQ(commits[1].slot.error().call, disk::Call::rename);
  EXPECT_FALSE(commits[2].slot.error());
  EXPECT_TRUE(written("a") == text);
  EXPECT_TRUE(written("c") == text);
}

TEST_F(CommitterTest, tells_who_found_no_space_and_publishes_the_others) {
  const auto started = Committer::start(io, threads, *destination, 3);
  ASSERT_TRUE(started);
  Committer& committer = **started;
  std::deque<Committer::Commit> commits;
  for (const char* name : {"a", "b", "c"}) {
    auto part = destination->open_partial(name, 7);
    ASSERT_FALSE(part.error);
    // As on a full disk, a write fails on the writer's thread.
    commits.push_back({.slot = disk::ChunkSlot{std::move(part)},
                       .payload = payload.first(*name == 'b' ? 3 * kPageSize : 99)});
  }
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit little = before;
  little.rlim_cur = kPageSize;
  setrlimit(RLIMIT_FSIZE, &little);
  for (auto& commit : commits) committer.give(commit);
  settle(commits);
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_FALSE(commits[0].slot.error());
  EXPECT_EQ(commits[1].slot.error().call, disk::Call::append);
  EXPECT_EQ(commits[1].slot.error().system_errno, EFBIG);
  EXPECT_FALSE(commits[2].slot.error());
  EXPECT_TRUE(written("a") == text.substr(0, 99));
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path{destination->path()} / "b"));
}

// A worker that gives up has chunks that nobody will hear of.
TEST_F(CommitterTest, ends_with_what_is_under_way_and_leaves_no_part) {
  constexpr int kMany = 20;
  std::deque<Committer::Commit> commits;
  {
    const auto started = Committer::start(io, threads, *destination, kMany);
    ASSERT_TRUE(started);
    Committer& committer = **started;
    for (int i = 0; i < kMany; ++i) {
      auto part = destination->open_partial(std::to_string(i), 7);
      ASSERT_FALSE(part.error);
      commits.push_back({.slot = disk::ChunkSlot{std::move(part)}, .payload = payload});
      committer.give(commits.back());
    }
  }
  commits.clear();
  for (const auto& file : std::filesystem::directory_iterator{destination->path()}) {
    EXPECT_TRUE(read_file(file.path()) == text) << file.path();
  }
}

}  // namespace
}  // namespace mpiferry::operations
