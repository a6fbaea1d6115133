// What is found before the first byte: sums of what workers will write, where they share a disk.
#include "engine/roles/preflight.hpp"

#include <cerrno>
#include <string>

#include <gtest/gtest.h>

namespace mpiferry::roles {
namespace {

wire::Ready worker(const std::string& host, const std::string& file_system, Bytes needed,
                   std::optional<Bytes> available) {
  wire::Ready ready;
  ready.host = host;
  ready.directory = "/out";
  ready.room.needed = needed;
  ready.room.available = available;
  ready.room.files = 10;
  ready.room.file_system = file_system;
  return ready;
}

TEST(Rooms, add_up_the_shares_of_one_file_system) {
  Rooms rooms;
  rooms.add(Rank{1}, worker("a", "1", 6_KiB, 10_KiB));
  EXPECT_TRUE(rooms.check());
  rooms.add(Rank{2}, worker("a", "2", 6_KiB, 10_KiB));  // another disk
  rooms.add(Rank{3}, worker("b", "1", 6_KiB, 10_KiB));  // another host
  EXPECT_TRUE(rooms.check());
  rooms.add(Rank{4}, worker("b", "1", 6_KiB, 10_KiB));
  const Outcome checked = rooms.check();
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

TEST(Rooms, take_the_masters_directory_for_one_whatever_hosts_call_its_file_system) {
  Rooms rooms;
  for (const int rank : {1, 2}) {
    wire::Ready ready = worker(rank == 1 ? "a" : "b", std::to_string(rank), 6_KiB, 10_KiB);
    ready.shares_master_directory = true;
    rooms.add(Rank{rank}, ready);
  }
  EXPECT_FALSE(rooms.check());
}

TEST(Rooms, count_files_as_well) {
  Rooms rooms;
  wire::Ready ready = worker("a", "1", 1_KiB, {});
  ready.room.inodes = 19;
  rooms.add(Rank{1}, ready);
  EXPECT_TRUE(rooms.check());
  rooms.add(Rank{2}, ready);
  const Outcome checked = rooms.check();
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().detail.find("20 files are to be made there, and 19 inodes are free"),
            std::string::npos)
      << checked.error().detail;
}

TEST(Rooms, claim_nothing_of_what_is_not_known) {
  Rooms rooms;
  rooms.add(Rank{1}, worker("a", "", 6_KiB, 1_KiB));
  rooms.add(Rank{2}, worker("a", "1", 6_KiB, {}));
  EXPECT_TRUE(rooms.check());
}

TEST(Preflight, of_another_build_names_both) {
  EXPECT_TRUE(check_build("1.0 abc", "1.0 abc"));
  EXPECT_TRUE(check_build("", "1.0 abc")) << "a library may not know";
  const Outcome checked = check_build("1.0 abc", "1.0 def");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Errc::bad_version);
  EXPECT_NE(checked.error().detail.find("1.0 abc"), std::string::npos);
  EXPECT_NE(checked.error().detail.find("1.0 def"), std::string::npos);
}

TEST(Preflight, needs_an_open_file_for_every_chunk_of_the_window) {
  EXPECT_TRUE(check_open_files(1));
  const Outcome checked = check_open_files(~std::uint32_t{0});
  // Without a limit there is nothing to exceed.
  if (checked) GTEST_SKIP() << "no limit of open files here";
  EXPECT_EQ(checked.error().code, Errc::invalid_argument);
  EXPECT_EQ(checked.error().system_errno, EMFILE);
}

}  // namespace
}  // namespace mpiferry::roles
