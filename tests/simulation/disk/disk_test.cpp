// What a simulated disk does with files, names and space; disk_kernel_test.cpp compares the rest.
#include <cerrno>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdexcept>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <vector>

#include "tests/simulation/disk/disk_fixture.hpp"

namespace mpiferry::simulation {
namespace {

bool is_before(const timespec& a, const timespec& b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

TEST_F(SimulatedDisk, is_shared_by_ranks) {
  RankStorage other{disk_, {.pid = 2, .host = "host1"}};
  write(open("/file", kNew), "bytes");
  const int file = other.open_at(AT_FDCWD, "/file", O_RDONLY, 0);
  std::string out(8, '?');
  EXPECT_EQ(other.read(file, std::as_writable_bytes(std::span{out})), 5);
  EXPECT_EQ(out, "bytes???");
}

TEST_F(SimulatedDisk, keeps_an_open_file_that_is_unlinked) {
  const int file = open("/file", kNew);
  write(file, "bytes");
  ASSERT_EQ(storage_.unlink(AT_FDCWD, "/file"), 0);
  EXPECT_FALSE(disk_.exists("/file"));
  EXPECT_EQ(read_at(file, 10, 0), "bytes");
  EXPECT_EQ(status_of(file).st_nlink, 0U);
}

TEST_F(SimulatedDisk, gives_the_space_of_a_file_back_when_its_last_descriptor_is_closed) {
  const std::uint64_t before = free_pages();
  const int file = open("/file", kNew);
  const int duplicate = storage_.duplicate(file);
  write(file, std::string(3 * kPageSize, 'x'));
  EXPECT_EQ(free_pages(), before - 3);
  storage_.unlink(AT_FDCWD, "/file");
  storage_.close(file);
  EXPECT_EQ(free_pages(), before - 3);
  storage_.close(duplicate);
  EXPECT_EQ(free_pages(), before);
}

TEST_F(SimulatedDisk, gives_the_number_of_a_file_that_has_gone_to_the_next) {
  const int first = open("/first", kNew);
  const ino_t number = status_of(first).st_ino;
  storage_.unlink(AT_FDCWD, "/first");
  EXPECT_NE(status_of(open("/second", kNew)).st_ino, number);
  storage_.close(first);
  EXPECT_EQ(status_of(open("/third", kNew)).st_ino, number);
}

TEST_F(SimulatedDisk, never_gives_a_number_of_a_descriptor_again) {
  const int file = open("/file", kNew);
  storage_.close(file);
  EXPECT_GT(open("/file", O_RDONLY), file);
  RankStorage other{disk_, {.pid = 2, .host = "host0"}};
  EXPECT_GT(other.open_at(AT_FDCWD, "/file", O_RDONLY, 0), file + 1);
  EXPECT_EQ(other.misused(), 0U);
  EXPECT_EQ(other.close(file), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_EQ(other.misused(), 1U);
}

TEST_F(SimulatedDisk, gives_each_write_a_new_time_of_the_virtual_clock) {
  const int file = open("/file", kNew);
  timespec last = status_of(file).st_mtim;
  for (int i = 0; i < 3; ++i) {
    write(file, "x");
    const timespec now = status_of(file).st_mtim;
    EXPECT_TRUE(is_before(last, now));
    last = now;
  }
  world_.after(std::chrono::seconds{5}, [] {});
  world_.step();
  write(file, "x");
  EXPECT_EQ(status_of(file).st_mtim.tv_sec, last.tv_sec + 5);
  const timespec written = status_of(file).st_mtim;
  disk_.write_file("/file", "new");
  EXPECT_TRUE(is_before(written, status_of(file).st_mtim));
}

TEST_F(SimulatedDisk, is_full_when_it_is_full) {
  Disk small{world_, {.capacity = 16_KiB}};
  RankStorage rank{small, process_};
  const int file = rank.open_at(AT_FDCWD, "/file", kNew, 0666);
  const std::vector<std::byte> bytes(5 * kPageSize);
  EXPECT_EQ(rank.allocate(file, 0, 0, 5 * kPageSize), -1);
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_EQ(rank.write(file, bytes), 4 * kPageSize);
  EXPECT_EQ(rank.write(file, bytes), -1);
  EXPECT_EQ(errno, ENOSPC);
  struct statvfs space {};
  ASSERT_EQ(rank.space(file, space), 0);
  EXPECT_EQ(space.f_bavail, 0U);
  EXPECT_EQ(space.f_blocks * space.f_frsize, 16384U);
  EXPECT_GE(rank.open_at(AT_FDCWD, "/empty", kNew, 0666), 0);
  EXPECT_EQ(rank.write_at(file, std::span{bytes}.first(9), 5), 9) << "it has its space";
}

TEST_F(SimulatedDisk, counts_what_is_reserved_and_gives_it_back) {
  const int file = open("/file", kNew);
  ASSERT_EQ(storage_.allocate(file, FALLOC_FL_KEEP_SIZE, 0, 3 * kPageSize), 0);
  EXPECT_EQ(status_of(file).st_blocks, 24);
  EXPECT_EQ(status_of(file).st_size, 0);
  EXPECT_EQ(storage_.seek(file, 0, SEEK_DATA), -1);
  ASSERT_EQ(storage_.truncate(file, 10), 0);
  EXPECT_EQ(status_of(file).st_blocks, 24) << "it has grown";
  ASSERT_EQ(storage_.truncate(file, 10), 0);
  EXPECT_EQ(status_of(file).st_blocks, 8);
  ASSERT_EQ(storage_.truncate(file, 0), 0);
  EXPECT_EQ(status_of(file).st_blocks, 0);
}

TEST_F(SimulatedDisk, has_holes) {
  const int file = open("/file", kNew);
  write_at(file, "data", 2 * kPageSize);
  EXPECT_EQ(status_of(file).st_blocks, 8);
  EXPECT_EQ(storage_.seek(file, 0, SEEK_DATA), 2 * kPageSize);
  EXPECT_EQ(storage_.seek(file, 0, SEEK_HOLE), 0);
  EXPECT_EQ(storage_.seek(file, 2 * kPageSize, SEEK_HOLE), 2 * kPageSize + 4);
  EXPECT_EQ(storage_.seek(file, 0, 99), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(storage_.allocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 3 * kPageSize),
            0);
  EXPECT_EQ(status_of(file).st_blocks, 0);
  EXPECT_EQ(read_at(file, 9, 2 * kPageSize), std::string(4, '\0'));
}

TEST_F(SimulatedDisk, locks_open_files_and_not_descriptors) {
  const int file = open("/file", kNew);
  const int duplicate = storage_.duplicate(file);
  const int other = open("/file", O_RDWR);
  ASSERT_EQ(storage_.lock(file, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(storage_.lock(duplicate, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(storage_.lock(other, LOCK_SH | LOCK_NB), -1);
  EXPECT_EQ(errno, EWOULDBLOCK);
  storage_.close(file);
  EXPECT_EQ(storage_.lock(other, LOCK_SH | LOCK_NB), -1);
  storage_.close(duplicate);
  EXPECT_EQ(storage_.lock(other, LOCK_SH | LOCK_NB), 0);
}

TEST_F(SimulatedDisk, loses_a_lock_that_cannot_become_another) {
  const int one = open("/file", kNew);
  const int two = open("/file", O_RDWR);
  ASSERT_EQ(storage_.lock(one, LOCK_SH | LOCK_NB), 0);
  ASSERT_EQ(storage_.lock(two, LOCK_SH | LOCK_NB), 0);
  EXPECT_EQ(storage_.lock(one, LOCK_EX | LOCK_NB), -1);
  EXPECT_EQ(storage_.lock(two, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(storage_.lock(two, 0), -1);
  EXPECT_EQ(errno, EINVAL);
}

TEST_F(SimulatedDisk, honours_the_modes_of_files_for_all_but_root) {
  open("/secret", kNew, 0200);
  EXPECT_EQ(open("/secret", O_RDONLY), -1);
  EXPECT_EQ(errno, EACCES);
  EXPECT_GE(open("/secret", O_WRONLY), 0);
  Disk roots{world_, {.user = 0}};
  RankStorage root{roots, process_};
  root.open_at(AT_FDCWD, "/secret", kNew, 0);
  EXPECT_GE(root.open_at(AT_FDCWD, "/secret", O_RDWR, 0), 0);
}

TEST_F(SimulatedDisk, lends_the_rights_of_the_owner_who_set_them) {
  const int file = open("/file", kNew);
  ASSERT_EQ(storage_.set_owner(file, 5, 5), -1);
  EXPECT_EQ(errno, EPERM);
  ASSERT_EQ(storage_.set_mode(file, 06755), 0);
  ASSERT_EQ(storage_.set_owner(file, static_cast<uid_t>(-1), static_cast<gid_t>(-1)), 0);
  EXPECT_EQ(status_of(file).st_mode, S_IFREG | 0755U);
  storage_.set_mode(file, 06745);
  storage_.set_owner(file, 1000, 1000);
  EXPECT_EQ(status_of(file).st_mode, S_IFREG | 02745U);
}

TEST_F(SimulatedDisk, takes_no_new_names_in_a_directory_that_is_gone) {
  disk_.make_directories("/out");
  const int directory = open("/out", O_RDONLY | O_DIRECTORY);
  disk_.remove("/out");
  EXPECT_EQ(storage_.open_at(directory, "file", kNew, 0666), -1);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_FALSE(storage_.list(directory)->next());
}

TEST_F(SimulatedDisk, wants_aligned_memory_for_direct_writes) {
  alignas(kPageSize) std::byte page[kPageSize] = {};
  const int file = open("/file", kNew | O_DIRECT);
  EXPECT_EQ(storage_.write_at(file, page, 0), kPageSize);
  EXPECT_EQ(storage_.write_at(file, page, 1), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(storage_.write_at(file, std::span{page}.subspan(1), 0), -1);
}

TEST_F(SimulatedDisk, resolves_paths) {
  disk_.make_directories("/a/b");
  disk_.write_file("/a/file", "x");
  EXPECT_EQ(storage_.real_path("a//b/.././file"), "/a/file");
  EXPECT_EQ(storage_.real_path("/a/b/."), "/a/b");
  EXPECT_EQ(storage_.real_path("/../"), "/");
  EXPECT_EQ(storage_.real_path("/a/none"), std::nullopt);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_EQ(storage_.real_path("/a/file/"), std::nullopt);
  EXPECT_EQ(errno, ENOTDIR);
}

TEST_F(SimulatedDisk, refuses_to_move_a_directory) {
  disk_.make_directories("/a");
  disk_.make_directories("/b");
  EXPECT_EQ(storage_.rename(AT_FDCWD, "/a", "/b/a", 0), -1);
  EXPECT_EQ(errno, EXDEV);
}

TEST_F(SimulatedDisk, knows_processes_of_its_own_host) {
  const storage::ProcessId near{.pid = 2, .host = "host0", .started = 3};
  const storage::ProcessId far{.pid = 2, .host = "host1", .started = 3};
  EXPECT_EQ(storage_.runs(near), false);
  RankStorage one{disk_, near};
  RankStorage other{disk_, far};
  EXPECT_EQ(storage_.runs(near), true);
  EXPECT_EQ(storage_.runs(far), std::nullopt);
  EXPECT_EQ(storage_.this_process(), process_);
  one.die();
  EXPECT_EQ(storage_.runs(near), false);
}

TEST_F(SimulatedDisk, has_neither_attributes_nor_limits) {
  const int file = open("/file", kNew);
  EXPECT_EQ(storage_.attribute("/file", "user.x", {}), -1);
  EXPECT_EQ(errno, EOPNOTSUPP);
  EXPECT_EQ(storage_.attribute("/none", "user.x", {}), -1);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_EQ(storage_.set_attribute(file, "user.x", {}), -1);
  EXPECT_EQ(storage_.remove_attribute(file, "user.x"), -1);
  EXPECT_FALSE(storage_.quota_left(file).space);
  EXPECT_EQ(storage_.limits().open_files, UINT64_MAX);
  EXPECT_EQ(storage_.open_files(), 1U);
  EXPECT_EQ(storage_.file_system_type(file), EXT4_SUPER_MAGIC);
  EXPECT_EQ(storage_.poll(file, POLLIN, 0), POLLIN);
  EXPECT_EQ(storage_.descriptor_path("/dev/stdin"), std::nullopt);
}

TEST_F(SimulatedDisk, is_read_and_written_by_tests) {
  disk_.write_file("/out/1/chunk", "bytes");
  disk_.write_file("/out/file", "more");
  EXPECT_EQ(disk_.read_file("/out/1/chunk"), "bytes");
  EXPECT_EQ(disk_.read_file("/out/1"), std::nullopt);
  EXPECT_EQ(disk_.read_file("/out/none"), std::nullopt);
  EXPECT_EQ(disk_.names_below("/out"), (std::vector<std::string>{"/out/1/chunk", "/out/file"}));
  const ino_t number = status_of("/out/file").st_ino;
  disk_.write_file("/out/file", "");
  EXPECT_EQ(disk_.read_file("/out/file"), "");
  EXPECT_EQ(status_of("/out/file").st_ino, number);
  EXPECT_EQ(status_of("/out").st_nlink, 3U);
  EXPECT_TRUE(disk_.remove("/out/1"));
  EXPECT_FALSE(disk_.exists("/out/1"));
  EXPECT_FALSE(disk_.remove("/out/1/chunk"));
  EXPECT_EQ(status_of("/out").st_nlink, 2U);
}

TEST_F(SimulatedDisk, refuses_tests_what_it_cannot_do) {
  disk_.write_file("/file", "");
  EXPECT_THROW(disk_.make_directories("/file/x"), std::runtime_error);
  EXPECT_THROW(disk_.make_fifo("/file", ""), std::runtime_error);
  Disk small{world_, {.capacity = 4_KiB}};
  EXPECT_THROW(small.write_file("/file", std::string(5000, 'x')), std::runtime_error);
}

}  // namespace
}  // namespace mpiferry::simulation
