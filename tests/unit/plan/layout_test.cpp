#include "engine/plan/layout.hpp"

#include <map>
#include <utility>

#include <gtest/gtest.h>

namespace mpiferry::plan {
namespace {

const Layout kChunkFiles{wire::Layout::chunks};
const Layout kStripeFiles{wire::Layout::stripes};
const Layout kOneFile{wire::Layout::file};

TEST(LayoutTable, has_a_row_for_every_name_in_the_order_of_the_names) {
  ASSERT_EQ(Layout::table().size(), wire::kLayouts.size());
  for (std::size_t i = 0; i < wire::kLayouts.size(); ++i) {
    const wire::Layout layout = wire::kLayouts[i].layout;
    EXPECT_EQ(Layout::table()[i].layout, layout);
    EXPECT_EQ(static_cast<std::size_t>(layout), i) << "--layout counts them";
    EXPECT_EQ(Layout{layout}.name(), wire::kLayouts[i].name);
  }
}

TEST(LayoutTable, leads_from_files_to_the_layout_that_makes_them) {
  EXPECT_EQ(Layout::with(FileOf::chunk).name(), "chunks");
  EXPECT_EQ(Layout::with(FileOf::worker).name(), "stripes");
  EXPECT_EQ(Layout::with(FileOf::all).name(), "file");
}

TEST(LayoutTable, leaves_room_for_a_moved_chunk_wherever_files_are_a_workers) {
  for (const LayoutRules& row : Layout::table()) {
    EXPECT_NE(row.moved, FileOf::worker) << "a stripe has room for its worker's chunks alone";
  }
}

TEST(Layout, every_layout_makes_one_kind_of_files) {
  for (const LayoutRules& row : Layout::table()) {
    const Layout layout{row.layout};
    EXPECT_EQ(layout.makes_chunk_files() + layout.makes_worker_files() + layout.makes_one_file(),
              1);
  }
}

TEST(Layout, a_moved_chunk_has_its_own_file_unless_all_share_one) {
  EXPECT_TRUE(kChunkFiles.has_own_file(false));
  EXPECT_TRUE(kChunkFiles.has_own_file(true));
  EXPECT_FALSE(kStripeFiles.has_own_file(false));
  EXPECT_TRUE(kStripeFiles.has_own_file(true));
  EXPECT_FALSE(kOneFile.has_own_file(false));
  EXPECT_FALSE(kOneFile.has_own_file(true));
}

TEST(Layout, files_that_it_does_not_leave_are_another_layouts) {
  EXPECT_TRUE(kStripeFiles.may_leave(FileOf::worker));
  EXPECT_TRUE(kStripeFiles.may_leave(FileOf::chunk)) << "of a moved chunk";
  EXPECT_FALSE(kStripeFiles.may_leave(FileOf::all));
  EXPECT_FALSE(kChunkFiles.may_leave(FileOf::worker));
  EXPECT_FALSE(kOneFile.may_leave(FileOf::chunk));
}

TEST(Layout, only_files_of_several_chunks_keep_holes) {
  EXPECT_FALSE(kChunkFiles.keeps_holes());
  EXPECT_TRUE(kStripeFiles.keeps_holes());
  EXPECT_TRUE(kOneFile.keeps_holes());
}

TEST(Layout, every_chunk_is_written_into_chunks_stripes_and_one_file) {
  for (const Layout layout : {kChunkFiles, kStripeFiles, kOneFile}) {
    for (const std::uint64_t i : {0U, 1U, 2U, 7U}) EXPECT_TRUE(layout.writes({i})) << layout.name();
  }
}

TEST(Layout, a_chunk_begins_its_own_file) {
  const auto three = Distribution::round_robin(3);
  for (const std::uint64_t chunk : {0U, 1U, 7U}) {
    EXPECT_EQ(kChunkFiles.place({chunk}, false, three, 1_MiB), 0_B);
    EXPECT_EQ(kStripeFiles.place({chunk}, true, three, 1_MiB), 0_B);
  }
}

TEST(Layout, in_one_file_a_chunk_is_where_it_was) {
  const auto three = Distribution::round_robin(3);
  for (const bool moved : {false, true}) {
    EXPECT_EQ(kOneFile.place({0}, moved, three, 1_MiB), 0_B);
    EXPECT_EQ(kOneFile.place({7}, moved, three, 1_MiB), 7_MiB);
    EXPECT_EQ(kOneFile.place({5120}, moved, three, 1_MiB), 5_GiB);
  }
}

// In every layout and for all numbers a file has neither holes nor overlaps, the chunk that ends it
// is the last, and no file is longer than the largest is said to be.
TEST(Layout, the_chunks_of_a_file_lie_directly_one_behind_the_other) {
  for (const LayoutRules& row : Layout::table()) {
    const Layout layout{row.layout};
    for (std::uint32_t workers = 1; workers <= 5; ++workers) {
      const auto distribution = Distribution::round_robin(workers);
      for (std::uint64_t size = 0; size <= 64; ++size) {
        const ChunkPlan plan{Bytes{size}, 4_B};
        std::map<std::uint64_t, std::pair<Bytes, bool>> files;  // their ends; whether they ended
        const auto file_of = [&](ChunkIndex chunk) -> std::uint64_t {
          if (layout.has_own_file(false)) return chunk.value;
          return layout.makes_one_file()
                     ? 0
                     : static_cast<std::uint64_t>(distribution.worker_of(chunk).value);
        };
        for (std::uint64_t i = 0; i < plan.chunks(); ++i) {
          auto& [end, ended] = files[file_of({i})];
          ASSERT_EQ(layout.place({i}, false, distribution, 4_B), end) << size << " chunk " << i;
          ASSERT_FALSE(ended) << size << " chunk " << i;
          end += plan.length_of({i});
          ended = layout.ends_file({i}, false, distribution, plan.chunks());
          ASSERT_LE(end, layout.largest_file(distribution.worker_of({i}), distribution, plan));
        }
        for (const auto& [name, file] : files) EXPECT_TRUE(file.second) << size << " file " << name;
      }
    }
  }
}

TEST(Layout, counts_a_workers_files_and_the_largest) {
  const ChunkPlan plan{10_MiB, 4_MiB};  // chunks of 4, 4 and 2 MiB
  const auto two = Distribution::round_robin(2);
  EXPECT_EQ(kChunkFiles.files_of(Rank{1}, two, plan), 2U);
  EXPECT_EQ(kStripeFiles.files_of(Rank{1}, two, plan), 1U);
  EXPECT_EQ(kOneFile.files_of(Rank{1}, two, plan), 1U);
  EXPECT_EQ(kChunkFiles.largest_file(Rank{1}, two, plan), 4_MiB);
  EXPECT_EQ(kStripeFiles.largest_file(Rank{1}, two, plan), 6_MiB);
  EXPECT_EQ(kOneFile.largest_file(Rank{1}, two, plan), 10_MiB);
  EXPECT_EQ(kChunkFiles.largest_file(Rank{1}, two, ChunkPlan{1_MiB, 4_MiB}), 1_MiB);
}

}  // namespace
}  // namespace mpiferry::plan
