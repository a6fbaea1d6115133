// What a power cut leaves on a simulated disk, and what the death of a rank ends.
#include <cerrno>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <vector>

#include "tests/simulation/disk/disk_fixture.hpp"

namespace mpiferry::simulation {
namespace {

class PowerCut : public SimulatedDisk {
 protected:
  PowerCut() {
    disk_.make_directories("/out");
    directory_ = open("/out", O_RDONLY | O_DIRECTORY);
  }
  int directory_ = -1;
};

TEST_F(PowerCut, leaves_what_was_synced) {
  const int file = open("/out/file", kNew);
  write(file, "first");
  ASSERT_EQ(storage_.sync_data(file), 0);
  ASSERT_EQ(storage_.sync(directory_), 0);
  write_at(file, "F", 0);
  write_at(file, " second", 5);
  EXPECT_EQ(disk_.read_file("/out/file"), "First second");
  disk_.cut_power();
  EXPECT_EQ(disk_.read_file("/out/file"), "first");
}

TEST_F(PowerCut, takes_a_name_whose_directory_was_not_synced) {
  const int file = open("/out/file", kNew);
  write(file, "bytes");
  storage_.sync(file);
  disk_.cut_power();
  EXPECT_TRUE(disk_.names_below("/").empty());
  EXPECT_TRUE(disk_.exists("/out"));
}

TEST_F(PowerCut, empties_a_file_that_was_never_synced) {
  write(open("/out/file", kNew), "bytes");
  storage_.sync(directory_);
  disk_.cut_power();
  EXPECT_EQ(disk_.read_file("/out/file"), "");
}

TEST_F(PowerCut, brings_names_back_that_went_or_changed) {
  disk_.write_file("/out/old", "old");
  disk_.write_file("/out/gone", "gone");
  const ino_t number = status_of("/out/gone").st_ino;
  storage_.unlink(directory_, "gone");
  EXPECT_NE(status_of(open("/out/next", kNew)).st_ino, number) << "it is needed on the disk";
  storage_.rename(directory_, "old", "new", 0);
  storage_.link(directory_, "new", "other");
  disk_.cut_power();
  EXPECT_EQ(disk_.names_below("/out"), (std::vector<std::string>{"/out/gone", "/out/old"}));
  EXPECT_EQ(disk_.read_file("/out/gone"), "gone");
  EXPECT_EQ(status_of("/out/old").st_nlink, 1U);
  EXPECT_EQ(status_of("/out/gone").st_ino, number);
}

TEST_F(PowerCut, leaves_two_names_of_one_file) {
  disk_.write_file("/out/one", "bytes");
  storage_.link(directory_, "one", "two");
  storage_.sync(directory_);
  disk_.cut_power();
  EXPECT_EQ(status_of("/out/one").st_ino, status_of("/out/two").st_ino);
  EXPECT_EQ(status_of("/out/two").st_nlink, 2U);
}

TEST_F(PowerCut, leaves_a_new_directory_if_its_parent_was_synced) {
  storage_.make_directory("/out/a", 0777);
  storage_.make_directory("/out/a/b", 0777);
  storage_.sync(directory_);
  storage_.make_directory("/out/c", 0777);
  disk_.cut_power();
  EXPECT_TRUE(disk_.exists("/out/a"));
  EXPECT_FALSE(disk_.exists("/out/a/b"));
  EXPECT_FALSE(disk_.exists("/out/c"));
  EXPECT_EQ(status_of("/out").st_nlink, 3U);
  EXPECT_EQ(status_of("/out/a").st_nlink, 2U);
}

TEST_F(PowerCut, leaves_all_after_a_sync_of_the_file_system) {
  storage_.make_directory("/out/a", 0777);
  write(open("/out/a/file", kNew), "bytes");
  ASSERT_EQ(storage_.sync_file_system(directory_), 0);
  disk_.cut_power();
  EXPECT_EQ(disk_.read_file("/out/a/file"), "bytes");
}

TEST_F(PowerCut, takes_attributes_that_only_fsync_makes_durable) {
  const int file = open("/out/file", kNew);
  storage_.sync(directory_);
  storage_.set_mode(file, 0600);
  storage_.sync_data(file);
  disk_.cut_power();
  EXPECT_EQ(status_of("/out/file").st_mode, S_IFREG | 0644U);
  storage_.set_mode(file, 0600);
  storage_.sync(file);
  disk_.cut_power();
  EXPECT_EQ(status_of("/out/file").st_mode, S_IFREG | 0600U);
}

TEST_F(PowerCut, leaves_what_a_test_has_put_there) {
  disk_.write_file("/source", "source");
  open("/out/made-by-a-job", kNew);
  disk_.write_file("/out/made-by-a-job", "bytes");
  disk_.write_file("/out/removed", "x");
  disk_.remove("/out/removed");
  disk_.cut_power();
  EXPECT_EQ(disk_.read_file("/source"), "source");
  EXPECT_EQ(disk_.names_below("/out"), std::vector<std::string>{"/out/made-by-a-job"});
}

TEST_F(PowerCut, leaves_what_is_durable_now_for_good) {
  disk_.write_file("/out/file", "first");
  write_at(open("/out/file", O_RDWR), "F", 0);
  disk_.cut_power();
  EXPECT_EQ(disk_.read_file("/out/file"), "first");
  write_at(open("/out/file", O_RDWR), "G", 0);
  disk_.cut_power();
  EXPECT_EQ(disk_.read_file("/out/file"), "first");
}

TEST_F(PowerCut, counts_the_space_of_what_is_left) {
  const std::uint64_t before = free_pages();
  disk_.write_file("/out/kept", std::string(2 * kPageSize, 'x'));
  storage_.unlink(directory_, "kept");
  const int lost = open("/out/lost", kNew);
  write(lost, std::string(5 * kPageSize, 'x'));
  EXPECT_EQ(free_pages(), before - 5);
  disk_.cut_power();
  EXPECT_EQ(free_pages(), before - 7) << "one is still open";
  storage_.close(lost);
  EXPECT_EQ(free_pages(), before - 2);
  disk_.remove("/out/kept");
  EXPECT_EQ(free_pages(), before);
}

TEST_F(PowerCut, may_leave_a_disk_that_is_too_full) {
  Disk small{world_, {.capacity = 16_KiB}};
  RankStorage rank{small, process_};
  small.write_file("/one", std::string(3 * kPageSize, '1'));
  rank.unlink(AT_FDCWD, "/one");
  small.write_file("/two", std::string(3 * kPageSize, '2'));
  small.cut_power();
  struct statvfs space {};
  rank.space(rank.open_at(AT_FDCWD, "/", O_RDONLY, 0), space);
  EXPECT_EQ(space.f_bavail, 0U);
  small.remove("/one");
  rank.space(rank.open_at(AT_FDCWD, "/", O_RDONLY, 0), space);
  EXPECT_EQ(space.f_bavail, 1U);
}

TEST_F(SimulatedDisk, ends_the_locks_of_a_rank_that_dies) {
  RankStorage other{disk_, {.pid = 2, .host = "host0"}};
  const int theirs = other.open_at(AT_FDCWD, "/file", kNew, 0666);
  const int ours = open("/file", O_RDWR);
  ASSERT_EQ(other.lock(theirs, LOCK_EX | LOCK_NB), 0);
  ASSERT_EQ(storage_.lock(ours, LOCK_EX | LOCK_NB), -1);
  other.die();
  EXPECT_EQ(storage_.lock(ours, LOCK_EX | LOCK_NB), 0);
}

TEST_F(SimulatedDisk, answers_no_rank_that_has_died) {
  disk_.make_directories("/out");
  const int file = open("/file", kNew);
  write(file, "bytes");
  storage_.die();
  disk_.faults.error = 1;
  struct stat status {};
  const auto fails = [](auto result) { return result == -1 && errno == EIO; };
  EXPECT_TRUE(fails(open("/file", O_RDONLY)));
  EXPECT_TRUE(fails(open("/new", kNew)));
  EXPECT_TRUE(fails(write(file, "more")));
  EXPECT_TRUE(fails(storage_.truncate(file, 0)));
  EXPECT_TRUE(fails(storage_.unlink(AT_FDCWD, "/file")));
  EXPECT_TRUE(fails(storage_.rename(AT_FDCWD, "/file", "/other", 0)));
  EXPECT_TRUE(fails(storage_.link(AT_FDCWD, "/file", "/other")));
  EXPECT_TRUE(fails(storage_.make_directory("/other", 0777)));
  EXPECT_TRUE(fails(storage_.stat_at(AT_FDCWD, "/file", status, 0)));
  EXPECT_TRUE(fails(storage_.close(file)));
  EXPECT_TRUE(fails(storage_.list(file) == nullptr ? -1 : 0));
  EXPECT_EQ(storage_.misused(), 0U);
  EXPECT_EQ(storage_.injected(), 0U);
  EXPECT_EQ(disk_.names_below("/"), std::vector<std::string>{"/file"});
  EXPECT_EQ(disk_.read_file("/file"), "bytes");
}

}  // namespace
}  // namespace mpiferry::simulation
