// What arrives is what was sent, byte for byte, and stock tools can check it.
#include <cstdint>
#include <fstream>
#include <string>
#include <sys/statvfs.h>
#include <tuple>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/e2e/job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kChunk = 4096;

class Bytes : public JobTest,
              public ::testing::WithParamInterface<std::tuple<int, std::uint64_t>> {};

TEST_P(Bytes, arrive_as_they_were) {
  const auto [ranks, size] = GetParam();
  chunk_size = kChunk;
  make_source(size);
  const Finished finished = run_job(ranks);
  expect_moved(finished);
  EXPECT_TRUE(concatenate_chunks(destination) == bytes);
  EXPECT_EQ(finished.err, "");
  if (!have_xxhsum()) GTEST_SKIP() << "xxhsum is missing: the sums were not checked";
  EXPECT_TRUE(fs::exists(destination / "XXH3SUMS"));
  expect_sums_accepted();
}

INSTANTIATE_TEST_SUITE_P(, Bytes,
                         ::testing::Combine(::testing::Values(2, 3, 5, 9),
                                            ::testing::Values(0, 1, kChunk - 1, kChunk, kChunk + 1,
                                                              10 * kChunk, 100 * kChunk + 123)),
                         [](const auto& test) {
                           return std::to_string(std::get<1>(test.param)) + "_bytes_to_" +
                                  std::to_string(std::get<0>(test.param) - 1) + "_workers";
                         });

TEST_F(JobTest, moves_many_chunks_with_the_default_chunk_size) {
  chunk_size = 1024 * 1024;
  make_source(40 * chunk_size + 77);
  const Finished finished = run(scatter(3, {"--json", report_path, source, destination}));
  expect_moved(finished);
  EXPECT_TRUE(concatenate_chunks(destination) == bytes);
}

TEST_F(JobTest, moves_a_file_that_is_smaller_than_a_chunk_with_more_workers_than_chunks) {
  chunk_size = 1 << 30;
  make_source(1000);
  expect_moved(run_job(5));
  EXPECT_EQ(chunks_below(root), std::vector<std::uint64_t>{0});
}

TEST_F(JobTest, deals_the_chunks_round_robin) {
  chunk_size = kChunk;
  make_source(11 * kChunk);
  destination = temporary / "dest/{rank}";
  root = temporary / "dest";
  expect_moved(run_job(4));
  EXPECT_EQ(chunks_below(root / "1"), (std::vector<std::uint64_t>{0, 3, 6, 9}));
  EXPECT_EQ(chunks_below(root / "2"), (std::vector<std::uint64_t>{1, 4, 7, 10}));
  EXPECT_EQ(chunks_below(root / "3"), (std::vector<std::uint64_t>{2, 5, 8}));
}

TEST_F(JobTest, gives_the_digests_that_xxhsum_gives) {
  if (!have_xxhsum()) GTEST_SKIP() << "xxhsum is missing";
  chunk_size = kChunk;
  make_source(3 * kChunk + 5);
  expect_moved(run_job(3));
  const Json manifest = Json::parse(read_file(destination / "manifest.json"));
  EXPECT_EQ(manifest["digest"], xxh128(source));
  for (std::uint64_t chunk = 0; chunk < 4; ++chunk) {
    const Finished said = run({{MPIFERRY_XXHSUM, "-H3", chunk_path(destination, chunk)}});
    EXPECT_NE(said.out.find(manifest["chunk_digests"][chunk].get<std::string>()), std::string::npos)
        << describe(said);
  }
}

TEST_F(JobTest, sums_give_a_changed_chunk_away) {
  if (!have_xxhsum()) GTEST_SKIP() << "xxhsum is missing";
  chunk_size = kChunk;
  make_source(3 * kChunk);
  expect_moved(run_job(3));
  write_file(chunk_path(destination, 1), random_bytes(kChunk, 2));
  const Finished checked =
      run({.words = {MPIFERRY_XXHSUM, "-c", "XXH3SUMS"}, .directory = destination});
  EXPECT_NE(checked.exit_code, 0);
  EXPECT_NE(checked.output().find("chunk_1.bin: FAILED"), std::string::npos) << describe(checked);
}

TEST_F(JobTest, moves_what_lies_beyond_4_GiB) {
  if (kSanitized) GTEST_SKIP() << kTooMuchForSanitizers;
  // In memory if there is space: a disk would take its time over 4 GiB.
  constexpr std::uint64_t kSize = (std::uint64_t{4} << 30U) + 65537;
  constexpr std::uint64_t kTail = 70000;  // from below 4 GiB to beyond
  const fs::path memory = "/dev/shm";
  struct statvfs capacity {};
  const std::uint64_t pages_free = static_cast<std::uint64_t>(::sysconf(_SC_AVPHYS_PAGES)) *
                                   static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (::statvfs(memory.c_str(), &capacity) != 0 ||
      capacity.f_bavail * capacity.f_frsize < 2 * kSize || pages_free < 2 * kSize) {
    GTEST_SKIP() << "not twice 4 GiB free in " << memory;
  }
  const TemporaryDirectory large{memory};
  source = large / "source";
  destination = large / "dest";
  const std::string tail = random_bytes(kTail);
  write_file(source, "");
  fs::resize_file(source, kSize - kTail);  // a hole
  append_file(source, tail);
  chunk_size = std::uint64_t{256} << 20U;

  Command command = job(3, {"--window", "1", "--memory", "512M"});
  command.limit = 100s;
  const Finished finished = run(command);
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  EXPECT_EQ(report()["bytes_written"], kSize);
  EXPECT_EQ(chunks_below(destination).size(), 17U);
  EXPECT_EQ(fs::file_size(chunk_path(destination, 15)), chunk_size);
  EXPECT_TRUE(read_file(chunk_path(destination, 16)) == tail.substr(kTail - 65537));
  std::ifstream before{chunk_path(destination, 15), std::ios::binary};
  before.seekg(-static_cast<std::streamoff>(kTail - 65537), std::ios::end);
  const std::string end{std::istreambuf_iterator<char>{before}, {}};
  EXPECT_TRUE(end == tail.substr(0, kTail - 65537));
}

}  // namespace
}  // namespace mpiferry::e2e
