// Sums of what workers will write, where they share a disk.
#include "engine/operations/scatter/capacity_check.hpp"

#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::operations {
namespace {

const plan::Layout kLayout{wire::Layout::chunks};

wire::Ready worker(const std::string& host, const std::string& file_system, Bytes needed,
                   std::optional<Bytes> available) {
  wire::Ready ready;
  ready.host = host;
  ready.machine = host;
  ready.directory = "/out";
  ready.capacity.needed = needed;
  ready.capacity.available = available;
  ready.capacity.files = 10;
  ready.capacity.file_system = file_system;
  return ready;
}

TEST(CapacityCheck, add_up_the_shares_of_one_file_system) {
  CapacityCheck capacities;
  capacities.add(Rank{1}, worker("a", "1", 6_KiB, 10_KiB));
  EXPECT_TRUE(capacities.check(kLayout));
  capacities.add(Rank{2}, worker("a", "2", 6_KiB, 10_KiB));  // another disk
  capacities.add(Rank{3}, worker("b", "1", 6_KiB, 10_KiB));  // another host
  EXPECT_TRUE(capacities.check(kLayout));
  capacities.add(Rank{4}, worker("b", "1", 6_KiB, 10_KiB));
  const Outcome checked = capacities.check(kLayout);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Errc::dest_unusable);
  EXPECT_EQ(checked.error().rank, Rank{3}) << "the first that writes there";
  EXPECT_EQ(checked.error().host, "b");
  EXPECT_EQ(checked.error().path, "/out");
  EXPECT_EQ(checked.error().system_errno, ENOSPC);
  EXPECT_NE(checked.error().detail.find("12288 bytes are to be written there, and 10240 are free"),
            std::string::npos)
      << checked.error().detail;
}

TEST(CapacityCheck, take_the_masters_directory_for_one_whatever_hosts_call_its_file_system) {
  CapacityCheck capacities;
  for (const int rank : {1, 2}) {
    wire::Ready ready = worker(rank == 1 ? "a" : "b", std::to_string(rank), 6_KiB, 10_KiB);
    ready.shares_master_directory = true;
    capacities.add(Rank{rank}, ready);
  }
  EXPECT_FALSE(capacities.check(kLayout));
}

TEST(CapacityCheck, tell_machines_of_one_name_apart) {
  CapacityCheck capacities;
  for (const int rank : {1, 2}) {
    wire::Ready ready = worker("localhost", "1", 6_KiB, 10_KiB);
    ready.machine = std::to_string(rank);
    capacities.add(Rank{rank}, ready);
  }
  EXPECT_TRUE(capacities.check(kLayout));
}

TEST(CapacityCheck, count_files_as_well) {
  CapacityCheck capacities;
  wire::Ready ready = worker("a", "1", 1_KiB, {});
  ready.capacity.inodes = 19;
  capacities.add(Rank{1}, ready);
  EXPECT_TRUE(capacities.check(kLayout));
  capacities.add(Rank{2}, ready);
  const Outcome checked = capacities.check(kLayout);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().detail.find("20 files are to be made there, and 19 inodes are free"),
            std::string::npos)
      << checked.error().detail;
}

TEST(CapacityCheck, count_what_will_be_free_once_for_each_directory) {
  CapacityCheck capacities;
  wire::Ready ready = worker("a", "1", 6_KiB, 2_KiB);
  ready.capacity.freed = 4_KiB;
  ready.directory_id = "1:1";
  capacities.add(Rank{1}, ready);
  EXPECT_TRUE(capacities.check(kLayout));
  capacities.add(Rank{2}, ready);  // the same files
  const Outcome checked = capacities.check(kLayout);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().detail.find("12288 bytes are to be written there, and 6144 are free"),
            std::string::npos)
      << checked.error().detail;
  CapacityCheck apart;
  apart.add(Rank{1}, ready);
  ready.directory_id = "1:2";
  ready.capacity.freed = 6_KiB;
  apart.add(Rank{2}, ready);
  EXPECT_TRUE(apart.check(kLayout));
}

TEST(CapacityCheck, count_what_the_master_frees_for_those_who_share_its_directory) {
  for (const bool shares : {false, true}) {
    CapacityCheck capacities;
    wire::Ready ready = worker("a", "1", 6_KiB, 2_KiB);
    ready.shares_master_directory = shares;
    capacities.add(Rank{1}, ready);
    capacities.add_freed_by_master(4_KiB, 1);
    EXPECT_EQ(static_cast<bool>(capacities.check(kLayout)), shares);
  }
}

TEST(CapacityCheck, claim_nothing_of_what_is_not_known) {
  CapacityCheck capacities;
  capacities.add(Rank{1}, worker("a", "", 6_KiB, 1_KiB));
  capacities.add(Rank{2}, worker("a", "1", 6_KiB, {}));
  EXPECT_TRUE(capacities.check(kLayout));
}

wire::Job job_of(wire::Layout layout, Bytes size, Bytes chunk_size) {
  wire::Job job;
  job.source.size = size;
  job.chunk_size = chunk_size;
  job.layout = layout;
  job.workers = 1;
  return job;
}

TEST(CapacityCheck, of_a_resume_claims_no_space_for_a_chunk_of_the_right_length) {
  const disk::test::TemporaryDirectory temporary;
  const auto directory = disk::Directory::open_existing(files, temporary.path());
  const wire::Job job = job_of(wire::Layout::chunks, 40_KiB, 16_KiB);
  temporary.put("chunk_0.bin", std::string(16 << 10, 'x'));
  temporary.put("chunk_2.bin", "shorter");
  const Share whole = kept_chunk(job, ChunkIndex{0}, *directory);
  EXPECT_EQ(whole.bytes, 16_KiB);
  EXPECT_EQ(whole.files, 1U);
  EXPECT_EQ(kept_chunk(job, ChunkIndex{1}, *directory).files, 0U);
  EXPECT_LT(kept_chunk(job, ChunkIndex{2}, *directory).bytes, 8_KiB);
  const auto capacity = capacity_for(job, Rank{1}, *directory, whole);
  EXPECT_EQ(capacity.needed, 24_KiB);
  EXPECT_EQ(capacity.files, 2U);
  EXPECT_EQ(capacity_for(job, Rank{1}, *directory, {}).needed, 40_KiB);
}

// What is kept is not written again; holes that stay holes need none until they are data.
TEST(CapacityCheck, of_a_resume_claims_space_for_what_a_stripe_lacks) {
  const disk::test::TemporaryDirectory temporary;
  const auto directory = disk::Directory::open_existing(files, temporary.path());
  wire::Job job = job_of(wire::Layout::stripes, 80_KiB, 16_KiB);
  EXPECT_EQ(kept_stripe(job, Rank{1}, *directory).files, 0U);
  temporary.put("stripe_1.bin.part", std::string(64 << 10, 'x'));
  EXPECT_EQ(kept_stripe(job, Rank{1}, *directory).bytes, 64_KiB);
  temporary.put("stripe_1.bin.part", "");
  std::filesystem::resize_file(temporary / "stripe_1.bin.part", 64 << 10);
  EXPECT_EQ(kept_stripe(job, Rank{1}, *directory).bytes, 0_KiB) << "it is to be filled";
  job.source.data = 70_KiB;
  const Share kept = kept_stripe(job, Rank{1}, *directory);
  EXPECT_EQ(kept.bytes, 0_KiB);
  EXPECT_EQ(capacity_for(job, Rank{1}, *directory, kept).needed, 70_KiB);
}

TEST(CapacityCheck, advises_another_layout_only_where_it_makes_fewer_files) {
  CapacityCheck capacities;
  wire::Ready ready;
  ready.capacity.file_system = "1";
  ready.capacity.files = 2;
  ready.capacity.inodes = 1;
  capacities.add(Rank{1}, ready);
  const auto hint = [&](wire::Layout layout) {
    return capacities.check(plan::Layout{layout}).error().hint;
  };
  EXPECT_NE(hint(wire::Layout::chunks).find("`layout` stripes"), std::string::npos);
  EXPECT_EQ(hint(wire::Layout::stripes).find("`layout`"), std::string::npos);
}

}  // namespace
}  // namespace mpiferry::operations
