#include "engine/disk/file_name.hpp"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "engine/disk/destination_pattern.hpp"
#include "engine/disk/unique_name.hpp"

namespace mpiferry::disk {
namespace {

TEST(ChunkName, is_the_name_that_the_blocking_script_uses) {
  EXPECT_EQ(ChunkName{ChunkIndex{0}}.view(), "chunk_0.bin");
  EXPECT_EQ(ChunkName{ChunkIndex{7}}.view(), "chunk_7.bin");
}

TEST(ChunkName, holds_the_largest_index) {
  EXPECT_EQ(ChunkName{ChunkIndex{std::numeric_limits<std::uint64_t>::max()}}.view(),
            "chunk_18446744073709551615.bin");
}

TEST(ChunkName, is_recognised_as_a_stale_file) {
  EXPECT_EQ(file_kind(ChunkName{ChunkIndex{12345}}.view()), FileKind::chunk);
}

TEST(OurSpelling, is_that_of_the_names_that_jobs_write) {
  for (const char* name : {"chunk_7.bin", "stripe_1.bin.part", "file.bin", "manifest.json",
                           "XXH3SUMS", "XXH3SUMS.12", ".mpiferry.job"}) {
    EXPECT_EQ(in_our_spelling(name), name);
  }
  EXPECT_EQ(in_our_spelling("Chunk_7.BIN"), "chunk_7.bin");
  EXPECT_EQ(in_our_spelling("xxh3Sums.12"), "XXH3SUMS.12");
  EXPECT_EQ(in_our_spelling("xxh3"), "xxh3");
  EXPECT_EQ(in_our_spelling(""), "");
}

TEST(ExpandDestination, replaces_rank_and_host_wherever_they_are) {
  EXPECT_EQ(expand_destination("{host}/out-{rank}/{rank}", Rank{3}, "node7"), "node7/out-3/3");
}

TEST(ExpandDestination, leaves_all_else_as_it_is) {
  EXPECT_EQ(expand_destination("out", Rank{3}, "node7"), "out");
  EXPECT_EQ(expand_destination("", Rank{3}, "node7"), "");
  EXPECT_EQ(expand_destination("{}{Rank}{rank{host", Rank{3}, "node7"), "{}{Rank}{rank{host");
}

TEST(ExpandDestination, does_not_look_through_what_it_put_in) {
  EXPECT_EQ(expand_destination("{host}", Rank{3}, "{rank}"), "{rank}");
}

TEST(ExpandDestination, sees_a_pattern_within_braces) {
  EXPECT_EQ(expand_destination("{{rank}}", Rank{3}, "n"), "{3}");
}

TEST(CheckPattern, refuses_what_stands_for_nothing) {
  for (const char* pattern : {"", "out", "{rank}/{host}{rank}", "out}", "{host}}"}) {
    EXPECT_TRUE(check_pattern(pattern)) << pattern;
  }
  const auto said = [](const char* pattern) {
    const Outcome known = check_pattern(pattern);
    EXPECT_FALSE(known) << pattern;
    if (known) return std::string{};
    EXPECT_EQ(known.error().code, Errc::invalid_argument);
    return known.error().detail;
  };
  EXPECT_EQ(said("w/{hostname}/{rank}"),
            "'{hostname}' stands for nothing: there are {rank} and {host}");
  EXPECT_EQ(said("w/{rank/x").find("'{rank'"), 0U);
  EXPECT_EQ(said("w/{rank").find("'{rank'"), 0U);
  EXPECT_EQ(said("w/{}").find("'{}'"), 0U);
  EXPECT_EQ(said("{{rank}}").find("'{{rank}'"), 0U);
}

TEST(FileKind, knows_every_name_of_a_job) {
  EXPECT_EQ(file_kind("chunk_0.bin"), FileKind::chunk);
  EXPECT_EQ(file_kind("stripe_12.bin"), FileKind::stripe);
  EXPECT_EQ(file_kind("file.bin"), FileKind::shared_file);
  EXPECT_EQ(file_kind("manifest.json"), FileKind::manifest);
  EXPECT_EQ(file_kind("XXH3SUMS"), FileKind::sums);
  EXPECT_EQ(file_kind("XXH3SUMS.12"), FileKind::sums);
  EXPECT_EQ(file_kind(".chunk_0.bin.0123456789abcdef.part"), FileKind::partial);
  EXPECT_EQ(file_kind("stripe_12.bin.part"), FileKind::partial_stripe);
  EXPECT_EQ(file_kind("file.bin.part"), FileKind::partial_shared);
  EXPECT_EQ(file_kind(".mpiferry.job"), FileKind::job_lock);
}

TEST(FileKind, leaves_the_names_of_others_alone) {
  for (const char* name : {"chunk_.bin",
                           "chunk_1.bin2",
                           "chunk_1",
                           "chunk_a.bin",
                           "chunk_-1.bin",
                           "xchunk_1.bin",
                           "chunk_1.bin.part",
                           ".download.part",
                           ".part",
                           "..part",
                           ".0123456789abcdef.part",
                           ".x.0123456789abcdeg.part",
                           ".x.0123456789ABCDEF.part",
                           "x.0123456789abcdef.part",
                           "manifest.json.bak",
                           "XXH3SUMS.",
                           "XXH3SUMS.a",
                           "XXH3SUMS2",
                           ".mpiferry.jobs",
                           ".mpiferry.probe-0123456789abcdef",
                           ".mpiferry.job-0123456789abcdef",
                           "stripe_.bin",
                           "stripe_1",
                           "stripe_1.bin.part.part",
                           "stripe_a.bin.part",
                           "xstripe_1.bin",
                           "file",
                           "file.bin2",
                           "file_1.bin",
                           "file.part",
                           "file.bin.part.part",
                           "myfile.bin",
                           "manifest.json.part",
                           "XXH3SUMS.3.part",
                           "data.bin",
                           ""})
    EXPECT_EQ(file_kind(name), FileKind::foreign) << name;
}

TEST(FileKind, has_the_number_that_mpiferry_wrote) {
  EXPECT_EQ(read_file_name("chunk_0.bin").number, 0U);
  EXPECT_EQ(read_file_name("chunk_18446744073709551615.bin").number, ~std::uint64_t{0});
  EXPECT_EQ(read_file_name("stripe_12.bin").number, 12U);
  EXPECT_EQ(read_file_name("stripe_12.bin.part").number, 12U);
  EXPECT_EQ(read_file_name("XXH3SUMS.3").number, 3U);
}

TEST(FileKind, has_no_number_that_mpiferry_did_not_write) {
  for (const char* name : {"chunk_007.bin", "chunk_18446744073709551616.bin", "chunk_x.bin",
                           "file.bin", "file.bin.part", "XXH3SUMS", "manifest.json",
                           ".chunk_9.bin.0123456789abcdef.part", "data_1.bin", ""})
    EXPECT_FALSE(read_file_name(name).number) << name;
}

TEST(StripeName, is_recognised_as_a_stale_file_with_its_number) {
  EXPECT_EQ(stripe_name(Rank{3}), "stripe_3.bin");
  EXPECT_EQ(file_kind(stripe_name(Rank{3})), FileKind::stripe);
  EXPECT_EQ(read_file_name(stripe_name(Rank{3})).number, 3U);
}

TEST(UniqueName, is_never_the_same_and_never_a_stale_file) {
  const std::string name = unique_name(".mpiferry.probe-");
  EXPECT_NE(name, unique_name(".mpiferry.probe-"));
  EXPECT_EQ(name.size(), std::string{".mpiferry.probe-"}.size() + 16);
  EXPECT_EQ(file_kind(name), FileKind::foreign);
}

}  // namespace
}  // namespace mpiferry::disk
