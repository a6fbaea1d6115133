// What was scattered in any layout comes back byte for byte, however many ranks bring it.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/statvfs.h>
#include <tuple>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/e2e/retrieval_job.hpp"

namespace mpiferry::e2e {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kChunk = 4096;

class Layouts : public RetrievalTest {
 protected:
  // Checks that there is a file for each chunk, a file for each worker, or one file, with the bytes
  // that belong there.
  void expect_laid_out(const std::string& layout, std::uint64_t workers) const {
    const Json manifest = Json::parse(read_file(destination / "manifest.json"));
    EXPECT_EQ(manifest["layout"], layout);
    EXPECT_TRUE(unfinished_below(root).empty()) << ::testing::PrintToString(files_below(root));
    if (layout == "chunks") {
      EXPECT_TRUE(concatenate_chunks(destination) == bytes);
      EXPECT_EQ(manifest["file_names"], "chunk_{i}.bin");
    } else if (layout == "file") {
      EXPECT_TRUE(read_file(destination / "file.bin") == bytes);
      EXPECT_EQ(manifest["file_names"], "file.bin");
      EXPECT_EQ(files_below(root), (Arguments{"XXH3SUMS", "file.bin", "manifest.json"}));
    } else {
      EXPECT_EQ(manifest["file_names"], "stripe_{rank}.bin");
      for (std::uint64_t worker = 0; worker < workers; ++worker) {
        std::string stripe;
        for (auto at = worker * chunk_size; at < bytes.size(); at += workers * chunk_size) {
          stripe += bytes.substr(at, chunk_size);
        }
        const std::string name = "stripe_" + std::to_string(worker + 1) + ".bin";
        ASSERT_TRUE(fs::exists(destination / name)) << name;
        EXPECT_TRUE(read_file(destination / name) == stripe) << name;
      }
    }
    if (have_xxhsum()) expect_sums_accepted();
  }
};

// Layout, bytes, ranks of the scatter, ranks of a second gather (the first is by one rank alone).
using LayoutCase = std::tuple<std::string, std::uint64_t, int, int>;
class LayoutSizes : public Layouts, public ::testing::WithParamInterface<LayoutCase> {};

TEST_P(LayoutSizes, come_back_as_they_were) {
  const auto& [layout, size, ranks, gatherers] = GetParam();
  chunk_size = kChunk;
  scatter_bytes(size, ranks, {"--layout", layout});
  expect_laid_out(layout, static_cast<std::uint64_t>(ranks) - 1);
  gather_with(0);
  gather_with(gatherers);
}

std::vector<LayoutCase> cases() {
  std::vector<LayoutCase> out;
  for (const char* layout : {"chunks", "stripes", "file"}) {
    out.insert(out.end(), {{layout, 0, 3, 2},
                           {layout, 1, 5, 3},
                           {layout, kChunk - 1, 2, 5},
                           {layout, kChunk, 3, 3},
                           {layout, kChunk + 1, 3, 5},
                           {layout, 100 * kChunk + 123, 5, 2}});
  }
  return out;
}

std::string name_of(const ::testing::TestParamInfo<LayoutCase>& test) {
  const auto& [layout, size, ranks, gatherers] = test.param;
  return std::to_string(size) + "_bytes_in_" + layout + "_of_" + std::to_string(ranks) +
         "_ranks_by_1_and_" + std::to_string(gatherers);
}

INSTANTIATE_TEST_SUITE_P(, LayoutSizes, ::testing::ValuesIn(cases()), name_of);

class LayoutRanks : public Layouts, public ::testing::WithParamInterface<const char*> {};

TEST_P(LayoutRanks, of_2_and_5_ranks_come_back_by_1_2_3_and_5) {
  chunk_size = kChunk;
  scatter_bytes(300 * kChunk + 1, 5, {"--layout", GetParam()});
  for (const int ranks : {1, 2, 3, 5}) gather_with(ranks);
  fs::remove_all(root);
  scatter_bytes(70 * kChunk, 2, {"--layout", GetParam()});
  for (const int ranks : {3, 5}) gather_with(ranks);
}

// With {rank} in it every worker has a directory of its own; other ranks than theirs read them.
TEST_P(LayoutRanks, in_directories_of_their_own_come_back_by_2_and_4) {
  if (GetParam() == std::string{"file"}) GTEST_SKIP() << "one file has one directory";
  chunk_size = kChunk;
  root = temporary / "dest";
  destination = root / "{host}/{rank}";
  scatter_bytes(41 * kChunk + 7, 4, {"--layout", GetParam()});
  for (const int ranks : {2, 4}) gather_with(ranks);
  expect_verified(run(verify(3)));
}

TEST_P(LayoutRanks, of_a_stream_come_back) {
  chunk_size = kChunk;
  make_source(50 * kChunk + 5);
  const fs::path file = source;
  source = temporary / "fifo";
  ASSERT_EQ(run({{"mkfifo", source}}).exit_code, 0);
  Process writer{shell(R"(cat "$1" > "$2")", {file, source})};
  const Finished finished = run_job(3, {"--layout", GetParam()});
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  expect_laid_out(GetParam(), 2);
  gather_with(3);
}

TEST_P(LayoutRanks, that_were_damaged_on_the_way_are_whole_and_durable) {
  chunk_size = kChunk;
  scatter_bytes(60 * kChunk + 5, 4,
                {"--layout", GetParam(), "--fsync", "--fault", "corrupt=5:3", "-v"});
  expect_laid_out(GetParam(), 3);
  EXPECT_GE(report()["chunks_corrupt"], 1);
  gather_with(3, {"--fsync"});
}

TEST_P(LayoutRanks, say_a_line_for_each_chunk) {
  chunk_size = kChunk;
  make_source(5 * kChunk);
  const Finished finished = run_job(3, {"--layout", GetParam(), "-v"});
  ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  for (const char* chunk : {"0", "1", "2", "3", "4"}) {
    EXPECT_NE(line_with(finished.out, std::string{"chunk "} + chunk), "") << describe(finished);
  }
}

INSTANTIATE_TEST_SUITE_P(, LayoutRanks, ::testing::Values("chunks", "stripes", "file"),
                         [](const auto& test) { return test.param; });

TEST_F(Layouts, of_one_file_are_refused_where_a_worker_has_another_directory) {
  make_source(10 * chunk_size);
  root = temporary / "dest";
  destination = root / "{rank}";
  const Finished finished = run_job(3, {"--layout", "file"});
  expect_failed(finished, 4, "--layout file: this is not the directory that rank 0 sees there");
  EXPECT_TRUE(files_below(root).empty()) << ::testing::PrintToString(files_below(root));
}

// A hole of 4 GiB and some bytes that end beyond it. In memory if there is space: a disk would take
// its time.
class LayoutsBeyond4GiB : public Layouts {
 protected:
  static constexpr std::uint64_t kSize = (std::uint64_t{4} << 30U) + 65537;
  static constexpr std::uint64_t kTail = 70000;  // from below 4 GiB to beyond

  LayoutsBeyond4GiB() {
    struct statvfs capacity {};
    const std::uint64_t pages_free = static_cast<std::uint64_t>(::sysconf(_SC_AVPHYS_PAGES)) *
                                     static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    has_free_space = ::statvfs("/dev/shm", &capacity) == 0 &&
                     capacity.f_bavail * capacity.f_frsize > 3 * kSize && pages_free > 3 * kSize;
    source = large / "source";
    destination = root = large / "dest";
    target = large / "target";
    chunk_size = std::uint64_t{256} << 20U;
  }
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << kTooMuchForSanitizers;
    if (!has_free_space) GTEST_SKIP() << "not three times 4 GiB free in /dev/shm";
  }
  void scatter_large(int ranks, const char* layout) const {
    write_file(source, "");
    fs::resize_file(source, kSize - kTail);  // a hole
    append_file(source, tail);
    Command command = job(ranks, {"--window", "1", "--memory", "512M", "--layout", layout});
    command.limit = 100s;
    const Finished finished = run(command);
    ASSERT_EQ(finished.exit_code, 0) << describe(finished);
  }
  void expect_back() const {
    Command command = gather(0, {"--memory", "768M"});
    command.limit = 100s;
    const Finished finished = run(command);
    ASSERT_EQ(finished.exit_code, 0) << describe(finished);
    ASSERT_EQ(fs::file_size(target), kSize);
    std::ifstream file{target, std::ios::binary};
    file.seekg(-static_cast<std::streamoff>(kTail), std::ios::end);
    EXPECT_TRUE(std::string(std::istreambuf_iterator<char>{file}, {}) == tail);
  }

  bool has_free_space = false;
  const TemporaryDirectory large{"/dev/shm"};
  const std::string tail = random_bytes(kTail);
};

TEST_F(LayoutsBeyond4GiB, chunks_of_2_workers_come_back) {
  scatter_large(3, "chunks");
  EXPECT_EQ(chunks_below(destination).size(), 17U);
  expect_back();
}

TEST_F(LayoutsBeyond4GiB, one_file_of_2_workers_comes_back) {
  scatter_large(3, "file");
  expect_back();
}

TEST_F(LayoutsBeyond4GiB, a_stripe_of_1_worker_is_what_the_source_is) {
  scatter_large(2, "stripes");
  EXPECT_EQ(fs::file_size(destination / "stripe_1.bin"), kSize);
  Command command = verify(2, {"--against", source});
  command.limit = 100s;
  expect_verified(run(command));
  EXPECT_EQ(report()["bytes_written"], kSize);
}

}  // namespace
}  // namespace mpiferry::e2e
