// gather() and verify() as a library bring back what was scattered, or name what is wrong.
#include <filesystem>
#include <string>
#include <vector>

#include "tests/roles/support.hpp"

namespace mpiferry {
namespace {

namespace fs = std::filesystem;

constexpr auto kWorld = MPI_COMM_WORLD;

class RetrievalTest : public ApiTest {
 protected:
  static constexpr std::uint64_t kSize = 7 * kChunk + 1;

  // Every rank calls it; the others wait until the data is there.
  void scatter(wire::Layout layout) {
    ScatterOptions options = job(kWorld, "data", kSize);
    options.layout = layout;
    const ScatterReport report = mpiferry::scatter(kWorld, options);
    ASSERT_EQ(report.job.verdict, Errc::ok)
        << (report.job.failure ? report.job.failure->message() : "");
    MPI_Barrier(kWorld);
  }
  GatherReport gather_all() {
    Tally tally;
    GatherOptions options;
    options.directory = path("data");
    options.target = path("target");
    return gather(kWorld, options, tally);
  }
  VerifyReport verify_all(const std::string& against = "") {
    Tally tally;
    VerifyOptions options;
    options.directory = path("data");
    options.against = against;
    return verify(kWorld, options, tally);
  }
  // Rank 0 does something to what lies there, while nobody looks.
  template <class Change>
  void meanwhile(Change change) {
    MPI_Barrier(kWorld);
    if (world_rank == 0) change();
    MPI_Barrier(kWorld);
  }
  std::string path(const std::string& name) const { return (directory / name).string(); }
  std::string chunk_path(int chunk) const {
    return path("data/chunk_" + std::to_string(chunk) + ".bin");
  }
  void flip_a_byte(const std::string& name, std::uint64_t at) {
    meanwhile([&] {
      std::string bytes = read_file(name);
      bytes.at(at) ^= 1;
      std::ofstream{name, std::ios::binary} << bytes;
    });
  }
  void expect_gathered() {
    const GatherReport report = gather_all();
    EXPECT_EQ(report.job.verdict, Errc::ok)
        << (report.job.failure ? report.job.failure->message() : "");
    EXPECT_FALSE(report.job.abandoned);
    if (world_rank != 0) return;
    EXPECT_TRUE(read_file(path("target")) == read_file(path("data.source")));
    EXPECT_FALSE(fs::exists(path(".target.mpiferry.part")));
    EXPECT_EQ(report.target, path("target"));
    EXPECT_EQ(report.transfer.bytes_written, Bytes{kSize});
    EXPECT_EQ(report.transfer.chunks_written, 8U);
    EXPECT_TRUE(report.transfer.digest);
    EXPECT_LE(report.transfer.peak_buffers, report.transfer.buffers);
  }
  // Only the master calls it.
  static void expect_discrepancy(const VerifyReport& report, Discrepancy::Kind kind,
                                 std::uint64_t chunk, const std::string& where) {
    ASSERT_EQ(report.discrepancies.size(), 1U);
    const Discrepancy& discrepancy = report.discrepancies.front();
    EXPECT_EQ(discrepancy.kind, kind);
    EXPECT_EQ(discrepancy.chunk, ChunkIndex{chunk});
    EXPECT_GE(discrepancy.rank.value, 0);
    EXPECT_FALSE(discrepancy.host.empty());
    EXPECT_EQ(discrepancy.path, where);
  }
};

TEST_F(RetrievalTest, brings_every_layout_back) {
  for (const wire::Layout layout :
       {wire::Layout::chunks, wire::Layout::stripes, wire::Layout::file}) {
    scatter(layout);
    expect_gathered();
    const VerifyReport looked = verify_all(path("data.source"));
    EXPECT_EQ(looked.job.verdict, Errc::ok)
        << (looked.job.failure ? looked.job.failure->message() : "");
    if (world_rank == 0) {
      EXPECT_EQ(looked.transfer.bytes_written, Bytes{kSize});
      EXPECT_TRUE(looked.discrepancies.empty());
    }
    meanwhile([&] {
      fs::remove_all(path("data"));
      fs::remove(path("target"));
    });
  }
}

TEST_F(RetrievalTest, of_a_damaged_chunk_names_it_and_makes_no_file) {
  scatter(wire::Layout::chunks);
  flip_a_byte(chunk_path(3), 17);
  const GatherReport gathered = gather_all();
  EXPECT_NE(gathered.job.verdict, Errc::ok);
  const VerifyReport looked = verify_all();
  EXPECT_NE(looked.job.verdict, Errc::ok);
  if (world_rank != 0) return;
  EXPECT_EQ(gathered.job.verdict, Errc::chunk_damaged);
  ASSERT_TRUE(gathered.job.failure);
  EXPECT_EQ(gathered.job.failure->path, chunk_path(3));
  EXPECT_NE(gathered.job.failure->detail.find("chunk 3 is damaged"), std::string::npos);
  EXPECT_NE(gathered.job.failure->detail.find("the manifest says"), std::string::npos);
  EXPECT_FALSE(fs::exists(path("target")));
  EXPECT_FALSE(fs::exists(path(".target.mpiferry.part")));
  EXPECT_EQ(looked.job.verdict, Errc::chunk_damaged);
  EXPECT_EQ(looked.chunks_damaged, 1U);
  EXPECT_EQ(looked.transfer.chunks_written, 7U) << "the others are right";
  expect_discrepancy(looked, Discrepancy::Kind::damaged, 3, chunk_path(3));
}

TEST_F(RetrievalTest, of_a_missing_chunk_names_it_and_makes_no_file) {
  scatter(wire::Layout::chunks);
  meanwhile([&] { fs::remove(chunk_path(7)); });
  const GatherReport gathered = gather_all();
  const VerifyReport looked = verify_all();
  if (world_rank != 0) return;
  EXPECT_EQ(gathered.job.verdict, Errc::chunk_missing);
  EXPECT_FALSE(fs::exists(path("target")));
  EXPECT_EQ(looked.job.verdict, Errc::chunk_missing);
  EXPECT_EQ(looked.chunks_missing, 1U);
  ASSERT_EQ(looked.discrepancies.size(), 1U);
  EXPECT_EQ(looked.discrepancies.front().chunk, ChunkIndex{7});
}

TEST_F(RetrievalTest, counts_what_differs_from_another_file) {
  scatter(wire::Layout::stripes);
  flip_a_byte(path("data.source"), 5 * kChunk);
  const VerifyReport looked = verify_all(path("data.source"));
  if (world_rank != 0) return;
  EXPECT_EQ(looked.job.verdict, Errc::file_differs);
  EXPECT_EQ(looked.chunks_differing, 1U);
  EXPECT_EQ(looked.chunks_damaged + looked.chunks_missing, 0U);
  expect_discrepancy(looked, Discrepancy::Kind::differs, 5, path("data.source"));
}

TEST_F(RetrievalTest, counts_files_that_have_no_place_there) {
  scatter(wire::Layout::chunks);
  meanwhile([&] { std::ofstream{chunk_path(8)} << "of another job"; });
  const VerifyReport looked = verify_all();
  EXPECT_EQ(looked.job.verdict, Errc::ok) << "it is all there";
  if (world_rank != 0) return;
  EXPECT_EQ(looked.extra_files, 1U);
  ASSERT_EQ(looked.discrepancies.size(), 1U);
  EXPECT_EQ(looked.discrepancies.front().kind, Discrepancy::Kind::extra);
  EXPECT_FALSE(looked.discrepancies.front().chunk);
}

// Names that JSON makes six times as long, and more of them than fit into a message.
TEST_F(RetrievalTest, counts_many_files_with_names_of_control_characters) {
  scatter(wire::Layout::chunks);
  constexpr int kExtras = 60;
  meanwhile([&] {
    for (int i = 0; i < kExtras; ++i) {
      const std::string number = std::to_string(1'000'000'000'000'000 + i);
      std::ofstream{path("data/." + std::string(200, '\1') + "." + number + ".part")} << "x";
    }
  });
  expect_gathered();
  const VerifyReport looked = verify_all();
  EXPECT_EQ(looked.job.verdict, Errc::ok)
      << (looked.job.failure ? looked.job.failure->message() : "");
  if (world_rank != 0) return;
  EXPECT_EQ(looked.extra_files, static_cast<std::uint64_t>(kExtras));
}

}  // namespace
}  // namespace mpiferry
