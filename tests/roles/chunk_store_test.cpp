// What a worker writes a chunk into, and what it says when it cannot.
#include "engine/operations/scatter/chunk_store.hpp"

#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/disk/offset_partial_file.hpp"
#include "tests/roles/support.hpp"
#include "tests/support/posix_files.hpp"

namespace mpiferry::operations {
namespace {

namespace fs = std::filesystem;

class ChunkStoreTest : public ApiTest {
 protected:
  ChunkStoreTest() {
    auto opened = disk::Directory::open_or_create(files, own.string());
    if (!opened) throw std::runtime_error{opened.error().message()};
    destination = std::make_shared<disk::Directory>(std::move(*opened));
    text = random_bytes(kChunk);
  }
  void put(const std::string& name, const std::string& content) const {
    std::ofstream{own / name, std::ios::binary} << content;
  }
  // The job of one worker that writes a stripe.
  static wire::Job stripes(bool resume) {
    wire::Job out;
    out.chunk_size = {kChunk};
    out.layout = wire::Layout::stripes;
    out.workers = 1;
    out.resume = resume;
    return out;
  }
  void expect_occupied(ChunkStore& store, std::uint64_t chunk) const {
    const auto slot = store.slot(ChunkIndex{chunk});
    ASSERT_FALSE(slot);
    EXPECT_EQ(slot.error().code, Errc::dest_occupied);
    EXPECT_TRUE(slot.error().path.find("/stripe_1.bin") != std::string::npos);
    EXPECT_EQ(slot.error().detail, "another job is writing it");
    EXPECT_FALSE(slot.error().hint.empty());
  }

  const fs::path own = directory / std::to_string(world_rank);
  std::shared_ptr<disk::Directory> destination;
  std::string text;
};

TEST_F(ChunkStoreTest, writes_into_a_finished_stripe_only_when_its_name_is_taken_back) {
  const std::string finished = random_bytes(2 * kChunk);
  put("stripe_1.bin", finished);
  const wire::Job stripe = stripes(true);
  ChunkStore store{destination, stripe, Rank{1}, 7};
  ASSERT_TRUE(store.open());
  fs::create_directory(own / "stripe_1.bin.part");  // in the way, also of root
  for (const std::uint64_t chunk : {0U, 1U, 0U}) expect_occupied(store, chunk);
  fs::remove(own / "stripe_1.bin.part");
  auto slot = store.slot(ChunkIndex{1});
  ASSERT_TRUE(slot);
  EXPECT_FALSE(fs::exists(own / "stripe_1.bin"));
  slot->append(std::as_bytes(std::span{text}));
  EXPECT_FALSE(slot->error());
  EXPECT_TRUE(read_file(own / "stripe_1.bin.part") == finished.substr(0, kChunk) + text);
}

TEST_F(ChunkStoreTest, says_who_is_writing_its_stripe) {
  const wire::Job stripe = stripes(false);
  ChunkStore store{destination, stripe, Rank{1}, 7};
  ASSERT_TRUE(store.open());
  {
    const auto other =
        disk::OffsetPartialFile::open(*destination, "stripe_1.bin", disk::OpenMode::create);
    ASSERT_TRUE(other);
    expect_occupied(store, 0);
  }
  EXPECT_TRUE(store.slot(ChunkIndex{0}));
}

// The chunk's ack carries that, and another worker may have space for it.
TEST_F(ChunkStoreTest, leaves_to_the_chunk_what_the_system_refuses) {
  const wire::Job stripe = stripes(false);
  ChunkStore store{destination, stripe, Rank{1}, 7};
  ASSERT_TRUE(store.open());
  fs::create_directory(own / "stripe_1.bin.part");
  const auto slot = store.slot(ChunkIndex{0});
  ASSERT_TRUE(slot);
  EXPECT_EQ(slot->error().call, disk::Call::open);
  EXPECT_EQ(slot->error().system_errno, EISDIR);
}

// Another job, which begins a stripe when the master has looked at the directory.
struct Intruder final : Observer {
  explicit Intruder(const fs::path& path)
      : directory(disk::Directory::open_or_create(files, path.string())) {}
  void on_source(const std::string& /*source*/, std::uint64_t /*count*/,
                 Bytes /*chunk_size*/) override {
    auto part = disk::OffsetPartialFile::open(*directory, "stripe_1.bin", disk::OpenMode::create);
    if (part) stripe.emplace(std::move(*part));
  }
  Result<disk::Directory> directory;
  std::optional<disk::OffsetPartialFile> stripe;
};

TEST_F(ChunkStoreTest, of_a_job_tells_the_user_who_is_writing_its_stripe) {
  ScatterOptions options = job(MPI_COMM_WORLD, "data", 9 * kChunk + 3);
  options.layout = wire::Layout::stripes;
  options.reroute = true;  // which is no remedy
  Intruder other{directory / "data"};
  const ScatterReport report = scatter(MPI_COMM_WORLD, options, other);
  if (world_rank != 0) return;
  ASSERT_TRUE(other.stripe);
  EXPECT_EQ(report.job.verdict, Errc::dest_occupied);
  const Failure failure = report.job.failure.value_or(Failure{});
  EXPECT_EQ(failure.rank, Rank{1}) << failure.message();
  EXPECT_TRUE(failure.path.ends_with("/data/stripe_1.bin.part")) << failure.path;
  EXPECT_EQ(failure.detail, "another job is writing it");
  EXPECT_FALSE(failure.hint.empty());
}

}  // namespace
}  // namespace mpiferry::operations
