// What goes wrong on a simulated disk, and that a seed decides it.
#include <cerrno>
#include <sys/file.h>
#include <vector>

#include "tests/simulation/disk/disk_fixture.hpp"

namespace mpiferry::simulation {
namespace {

class FailingDisk : public SimulatedDisk {
 protected:
  FailingDisk() : file_(open("/file", kNew)) { write(file_, "0123456789"); }

  static bool fails(std::int64_t result, std::vector<int> errors) {
    return result == -1 && std::ranges::count(errors, errno) > 0;
  }

  std::string out_ = std::string(10, '?');
  const std::span<std::byte> bytes_ = std::as_writable_bytes(std::span{out_});
  const int file_;
};

TEST_F(FailingDisk, fails_calls_that_reach_the_disk) {
  disk_.faults.error = 1;
  EXPECT_TRUE(fails(write(file_, "x"), {EIO, ENOSPC}));
  EXPECT_TRUE(fails(write_at(file_, "x", 0), {EIO, ENOSPC}));
  EXPECT_TRUE(fails(storage_.allocate(file_, 0, 0, 1), {EIO, ENOSPC}));
  EXPECT_TRUE(fails(storage_.read_at(file_, bytes_, 0), {EIO}));
  EXPECT_TRUE(fails(storage_.sync(file_), {EIO}));
  EXPECT_TRUE(fails(storage_.sync_data(file_), {EIO}));
  EXPECT_TRUE(fails(storage_.sync_file_system(file_), {EIO}));
  EXPECT_TRUE(fails(storage_.rename(AT_FDCWD, "/file", "/other", 0), {EIO}));
  EXPECT_TRUE(fails(open("/new", kNew), {EIO}));
  EXPECT_EQ(storage_.injected(), 9U);
  EXPECT_EQ(disk_.names_below("/"), std::vector<std::string>{"/file"});
  EXPECT_EQ(disk_.read_file("/file"), "0123456789");
}

TEST_F(FailingDisk, lets_others_pass) {
  disk_.faults.error = 1;
  EXPECT_GE(open("/file", O_RDONLY), 0);
  EXPECT_EQ(storage_.truncate(file_, 3), 0);
  EXPECT_EQ(storage_.lock(file_, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(storage_.unlink(AT_FDCWD, "/file"), 0);
  EXPECT_EQ(storage_.injected(), 0U);
}

TEST_F(FailingDisk, interrupts_calls_that_may_be_interrupted) {
  disk_.faults.interrupt = 1;
  EXPECT_TRUE(fails(write(file_, "x"), {EINTR}));
  EXPECT_TRUE(fails(write_at(file_, "x", 0), {EINTR}));
  EXPECT_TRUE(fails(storage_.read(file_, bytes_), {EINTR}));
  EXPECT_TRUE(fails(storage_.read_at(file_, bytes_, 0), {EINTR}));
  EXPECT_TRUE(fails(storage_.truncate(file_, 0), {EINTR}));
  EXPECT_TRUE(fails(storage_.allocate(file_, 0, 0, 1), {EINTR}));
  EXPECT_TRUE(fails(storage_.sync(file_), {EINTR}));
  EXPECT_TRUE(fails(storage_.sync_data(file_), {EINTR}));
  EXPECT_TRUE(fails(storage_.lock(file_, LOCK_EX | LOCK_NB), {EINTR}));
  EXPECT_EQ(storage_.rename(AT_FDCWD, "/file", "/other", 0), 0);
  EXPECT_EQ(storage_.injected(), 0U) << "nothing failed";
}

TEST_F(FailingDisk, transfers_a_part_of_at_least_a_byte) {
  disk_.faults.short_write = 1;
  for (int i = 0; i < 50; ++i) {
    const ssize_t put = write_at(file_, "abcdefghij", 0);
    EXPECT_TRUE(put > 0 && put < 10) << put;
    const std::string got = read_at(file_, 10, 0);
    EXPECT_TRUE(!got.empty() && got.size() < 10) << got;
  }
  EXPECT_EQ(write_at(file_, "x", 0), 1);
}

TEST_F(FailingDisk, does_not_sync_when_a_sync_fails) {
  disk_.faults.error = 1;
  storage_.sync(file_);
  storage_.sync_file_system(file_);
  disk_.cut_power();
  EXPECT_TRUE(disk_.names_below("/").empty());
}

std::string faults_of(std::uint64_t seed) {
  World world{seed};
  Disk disk{world};
  RankStorage rank{disk, {.pid = 1, .host = "host"}};
  const int file = rank.open_at(AT_FDCWD, "/file", O_RDWR | O_CREAT, 0666);
  disk.faults = {.error = 0.2, .short_write = 0.2, .interrupt = 0.2};
  std::string text;
  for (int i = 0; i < 100; ++i) {
    const std::vector<std::byte> bytes(100);
    text += std::to_string(rank.write(file, bytes)) + " ";
  }
  return text;
}

TEST(DiskFaults, are_decided_by_the_seed) {
  EXPECT_EQ(faults_of(1), faults_of(1));
  EXPECT_NE(faults_of(1), faults_of(2));
}

TEST(DiskFaults, take_no_random_numbers_where_there_are_none) {
  World one{1};
  World other{1};
  Disk disk{one};
  RankStorage rank{disk, {.pid = 1, .host = "host"}};
  const int file = rank.open_at(AT_FDCWD, "/file", O_RDWR | O_CREAT, 0666);
  rank.write(file, std::vector<std::byte>(100));
  EXPECT_EQ(one.number(1'000'000), other.number(1'000'000));
}

}  // namespace
}  // namespace mpiferry::simulation
