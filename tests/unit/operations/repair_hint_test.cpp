// What is advised about a chunk that is not as it was scattered.
#include "engine/operations/retrieval/repair_hint.hpp"

#include <cerrno>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mpiferry::operations {
namespace {

wire::Manifest scattered_to(const std::vector<std::string>& directories) {
  wire::Manifest manifest;
  for (const std::string& directory : directories) {
    manifest.workers.push_back(
        {Rank{static_cast<int>(manifest.workers.size()) + 1}, "node", directory});
  }
  return manifest;
}

std::string for_missing(const std::vector<std::string>& directories, const std::string& named) {
  return repair_hint({.kind = Discrepancy::Kind::missing}, scattered_to(directories), named).first;
}

TEST(RepairHint, of_lost_or_damaged_chunks_is_the_source) {
  EXPECT_EQ(for_missing({"out", "out"}, "out"), "");
  EXPECT_EQ(for_missing({"out/1", "out/2"}, "out/{rank}"), "");
  const auto damaged =
      repair_hint({.kind = Discrepancy::Kind::damaged}, scattered_to({"out"}), "out");
  EXPECT_EQ(damaged.first, "");
  EXPECT_TRUE(damaged.from_source);
}

// With the default chunk size none of smaller chunks would be kept.
TEST(RepairHint, from_the_source_keeps_what_is_right) {
  wire::Manifest manifest = scattered_to({"out"});
  manifest.layout = wire::Layout::stripes;
  manifest.chunk_size = 64_KiB;
  EXPECT_EQ(repair_from_source(manifest),
            "scatter `resume` `layout` stripes `chunk_size` 65536 repairs it from the source");
}

TEST(RepairHint, of_a_directory_that_is_one_of_several_is_its_pattern) {
  for (const char* named : {"e/0", "e/0/"}) {
    EXPECT_NE(for_missing({"e/1", "e/2"}, named).find("name DIR as 'e/{rank}'"), std::string::npos);
  }
  EXPECT_NE(for_missing({"/e/1"}, "0").find("name DIR as '{rank}'"), std::string::npos);
  const std::string other = for_missing({"e/r1/x", "e/r2/x"}, "e/r0/x");
  EXPECT_NE(other.find("'e/r1/x': name DIR as scatter was told, with {rank}"), std::string::npos)
      << other;
}

TEST(RepairHint, of_what_cannot_be_read_is_not_to_write_it_again) {
  const auto unreadable = [](int error) {
    return repair_hint({.kind = Discrepancy::Kind::damaged, .call = "open", .system_errno = error},
                       scattered_to({"out"}), "out")
        .first;
  };
  EXPECT_EQ(unreadable(EACCES), "check who may read there");
  EXPECT_NE(unreadable(EIO).find("the disk or the file server fails"), std::string::npos);
  EXPECT_NE(unreadable(ENOTCONN).find("mount it again"), std::string::npos);
}

// --resume refuses to remove a directory, a symbolic link, a socket or a FIFO.
TEST(RepairHint, of_what_no_job_has_made_is_to_move_it_away) {
  for (const int error : {EISDIR, ELOOP, ENXIO, 0}) {
    const RepairHint repair = repair_hint({.kind = Discrepancy::Kind::damaged,
                                           .path = "out/chunk_1.bin",
                                           .call = "open",
                                           .system_errno = error},
                                          scattered_to({"out"}), "out");
    EXPECT_EQ(repair.first, "no job has made 'out/chunk_1.bin': move it away");
    EXPECT_TRUE(repair.from_source);
  }
}

}  // namespace
}  // namespace mpiferry::operations
