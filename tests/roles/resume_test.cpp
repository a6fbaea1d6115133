// ScatterOptions::resume as a library: these tests show what is kept, what is sent, and what is
// refused.
#include <filesystem>
#include <string>
#include <vector>

#include "tests/roles/support.hpp"

namespace mpiferry {
namespace {

namespace fs = std::filesystem;

constexpr auto kWorld = MPI_COMM_WORLD;

class Resume : public ApiTest {
 protected:
  // A job whose source rank 0 has made. All ranks are through with it.
  ScatterReport go(const std::string& source, bool resume,
                   wire::Layout layout = wire::Layout::chunks, std::uint64_t chunk = kChunk) {
    ScatterOptions options{.source = (directory / "source").string(),
                           .destination = (directory / "data").string(),
                           .chunk_size = {chunk},
                           .layout = layout,
                           .resume = resume};
    if (world_rank == 0) std::ofstream{options.source, std::ios::binary} << source;
    ScatterReport report = scatter(kWorld, options);
    MPI_Barrier(kWorld);
    return report;
  }
  // Checks on the master that so many chunks were sent, and that all is there.
  void expect_sent(const ScatterReport& report, const std::string& source, std::uint64_t sent,
                   std::uint64_t chunk = kChunk) const {
    EXPECT_EQ(report.job.verdict, Errc::ok)
        << (report.job.failure ? report.job.failure->message() : "");
    if (world_rank != 0) return;
    const std::uint64_t chunks = (source.size() + chunk - 1) / chunk;
    EXPECT_TRUE(report.resume);
    EXPECT_EQ(report.chunks_sent, sent);
    EXPECT_EQ(report.chunks_kept, chunks - sent);
    EXPECT_EQ(report.bytes_kept + report.transfer.bytes_written, Bytes{source.size()});
    EXPECT_TRUE(moved("data", chunks) == source);
    EXPECT_FALSE(fs::exists(directory / "data" / ("chunk_" + std::to_string(chunks) + ".bin")));
  }
};

TEST_F(Resume, of_what_is_complete_sends_nothing) {
  const std::string source = random_bytes(9 * kChunk + 3);
  ASSERT_EQ(go(source, false).job.verdict, Errc::ok);
  expect_sent(go(source, true), source, 0);
}

TEST_F(Resume, of_nothing_sends_everything) {
  const std::string source = random_bytes(9 * kChunk + 3);
  expect_sent(go(source, true), source, 10);
}

TEST_F(Resume, sends_what_has_changed) {
  std::string source = random_bytes(9 * kChunk + 3);
  ASSERT_EQ(go(source, false).job.verdict, Errc::ok);
  source[2 * kChunk] ^= 1;
  source.back() ^= 1;
  expect_sent(go(source, true), source, 2);
}

TEST_F(Resume, leaves_no_tail_of_a_longer_source_and_adds_that_of_a_longer_one) {
  const std::string source = random_bytes(9 * kChunk + 3);
  ASSERT_EQ(go(source, false).job.verdict, Errc::ok);
  const std::string shorter = source.substr(0, 4 * kChunk + 7);
  expect_sent(go(shorter, true), shorter, 1);
  expect_sent(go(source, true), source, 6);
  const std::string none;
  expect_sent(go(none, true), none, 0);
}

TEST_F(Resume, with_another_chunk_size_sends_what_is_another_chunk) {
  const std::string source = random_bytes(9 * kChunk + 3);
  ASSERT_EQ(go(source, false).job.verdict, Errc::ok);
  const ScatterReport report = go(source, true, wire::Layout::chunks, 2 * kChunk);
  expect_sent(report, source, 5, 2 * kChunk);
}

TEST_F(Resume, in_one_file_beside_chunks_is_refused_and_changes_nothing) {
  const std::string source = random_bytes(9 * kChunk + 3);
  ASSERT_EQ(go(source, false).job.verdict, Errc::ok);
  const ScatterReport report = go(source, true, wire::Layout::file);
  EXPECT_NE(report.job.verdict, Errc::ok);
  if (world_rank != 0) return;
  EXPECT_EQ(report.job.verdict, Errc::dest_occupied);
  ASSERT_TRUE(report.job.failure);
  EXPECT_NE(report.job.failure->hint.find("`layout` chunks"), std::string::npos);
  EXPECT_TRUE(moved("data", 10) == source);
  EXPECT_FALSE(fs::exists(directory / "data/file.bin.part"));
}

TEST_F(Resume, in_stripes_leaves_no_chunks_beside_them) {
  const std::string source = random_bytes(9 * kChunk + 3);
  ASSERT_EQ(go(source, false).job.verdict, Errc::ok);
  if (world_rank == 0) fs::remove(directory / "data/manifest.json");  // a finished job stays
  EXPECT_EQ(go(source, true, wire::Layout::stripes).job.verdict, Errc::ok);
  if (world_rank != 0) return;
  EXPECT_TRUE(moved("data", 10).empty());
  std::uint64_t bytes = 0;
  for (int rank = 1; rank < size_of(kWorld); ++rank) {
    bytes += fs::file_size(directory / "data" / ("stripe_" + std::to_string(rank) + ".bin"));
  }
  EXPECT_EQ(bytes, source.size());
}

// When the master has opened it, and before the workers do.
struct ReplaceFile final : Observer {
  explicit ReplaceFile(fs::path path) : file(std::move(path)) {}
  void on_source(const std::string& /*source*/, std::uint64_t /*count*/,
                 Bytes /*chunk_size*/) override {
    fs::copy_file(file, file.string() + ".copy");
    fs::rename(file.string() + ".copy", file);
  }
  const fs::path file;
};

TEST_F(Resume, of_one_file_that_somebody_replaces_meanwhile_says_so) {
  const std::string source = random_bytes(9 * kChunk + 3);
  ASSERT_EQ(go(source, false, wire::Layout::file).job.verdict, Errc::ok);
  ScatterOptions options = job(kWorld, "data", source.size());
  options.layout = wire::Layout::file;
  options.resume = true;
  ReplaceFile observer{directory / "data/file.bin"};
  const ScatterReport report = scatter(kWorld, options, observer);
  if (world_rank != 0) return;
  EXPECT_EQ(report.chunks_kept, 10U);
  EXPECT_EQ(report.job.verdict, Errc::dest_write_failed);
  ASSERT_TRUE(report.job.failure);
  EXPECT_TRUE(report.job.failure->path.ends_with("/data/file.bin"));
  EXPECT_EQ(report.job.failure->detail, "it was removed or replaced while the job ran");
  EXPECT_NE(report.job.failure->hint.find("`resume`"), std::string::npos);
}

TEST_F(Resume, is_not_for_a_job_that_replaces) {
  ScatterOptions options = job(kWorld, "data", kChunk);
  options.resume = options.force = true;
  const ScatterReport report = scatter(kWorld, options);
  EXPECT_NE(report.job.verdict, Errc::ok);
  if (world_rank == 0) {
    EXPECT_EQ(report.job.verdict, Errc::invalid_argument);
  }
}

}  // namespace
}  // namespace mpiferry
