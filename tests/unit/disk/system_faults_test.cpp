// What other file systems say: this program's own calls stand in for them, where a test wants it.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "engine/disk/job_lock_file.hpp"
#include "engine/disk/new_name.hpp"
#include "engine/disk/offset_partial_file.hpp"
#include "engine/disk/source.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/bytes.hpp"
#include "tests/unit/disk/job_locks.hpp"
#include "tests/unit/disk/stat_fault.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace {
thread_local int fallocate_error = 0;
thread_local int fdatasync_error = 0;
thread_local int fdatasync_interruptions = 0;
thread_local int flock_error = 0;
thread_local bool flock_is_nfs = false;
thread_local std::function<void()> before_flock;  // once
thread_local int link_error = 0;
thread_local bool link_answer_lost = false;
thread_local int rename_new_error = 0;
thread_local int pwrite_interruptions = 0;
thread_local bool pwrite_is_short = false;
thread_local bool pwrite_is_full = false;
thread_local bool direct_writes_are_refused = false;
thread_local std::set<int> opened_direct;  // whatever their flags are by now
thread_local bool unlink_hides_by_a_rename = false;
thread_local int pread_error = 0;
thread_local off_t pread_ends_at = -1;  // whatever the size says

int fail(int error) {
  errno = error;
  return -1;
}

// As on a FUSE that opens its own file with the flags of ours, and hears of no change of them.
bool is_refused_direct_write(int descriptor) {
  if (!direct_writes_are_refused) return false;
  if ((::fcntl(descriptor, F_GETFL) & O_DIRECT) != 0) opened_direct.insert(descriptor);
  return opened_direct.contains(descriptor);
}

// A lock stands for the open file that holds it.
bool is_locked(int directory, const char* name) {
  const int file = ::openat(directory, name, O_RDONLY | O_CLOEXEC);
  const bool locked = file >= 0 && ::syscall(SYS_flock, file, LOCK_EX | LOCK_NB) != 0;
  ::close(file);
  return locked;
}
}  // namespace

extern "C" int fallocate(int descriptor, int mode, off_t offset, off_t length) {
  if (fallocate_error != 0) return fail(fallocate_error);
  return static_cast<int>(::syscall(SYS_fallocate, descriptor, mode, offset, length));
}

extern "C" int fdatasync(int descriptor) {
  if (fdatasync_interruptions > 0) {
    --fdatasync_interruptions;
    return fail(EINTR);
  }
  if (fdatasync_error != 0) return fail(fdatasync_error);
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

extern "C" int flock(int descriptor, int operation) noexcept {
  if (const auto now = std::exchange(before_flock, nullptr)) now();
  if (flock_error != 0) return fail(flock_error);
  if (flock_is_nfs && (operation & LOCK_EX) != 0 &&
      (::fcntl(descriptor, F_GETFL) & O_ACCMODE) == O_RDONLY) {
    return fail(EBADF);
  }
  return static_cast<int>(::syscall(SYS_flock, descriptor, operation));
}

extern "C" int linkat(int from_directory, const char* from, int to_directory, const char* to,
                      int flags) noexcept {
  if (link_error != 0) return fail(link_error);
  const long result = ::syscall(SYS_linkat, from_directory, from, to_directory, to, flags);
  return result == 0 && link_answer_lost ? fail(EEXIST) : static_cast<int>(result);
}

extern "C" int renameat2(int from_directory, const char* from, int to_directory, const char* to,
                         unsigned flags) noexcept {
  if (rename_new_error != 0 && (flags & RENAME_NOREPLACE) != 0) return fail(rename_new_error);
  return static_cast<int>(::syscall(SYS_renameat2, from_directory, from, to_directory, to, flags));
}

extern "C" int unlinkat(int directory, const char* name, int flags) noexcept {
  if (unlink_hides_by_a_rename && is_locked(directory, name)) return fail(EPERM);
  return static_cast<int>(::syscall(SYS_unlinkat, directory, name, flags));
}

extern "C" ssize_t write(int descriptor, const void* bytes, size_t size) {
  if (is_refused_direct_write(descriptor)) return fail(EINVAL);
  return ::syscall(SYS_write, descriptor, bytes, size);
}

extern "C" ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  if (is_refused_direct_write(descriptor)) return fail(EINVAL);
  if (pwrite_interruptions > 0) {
    --pwrite_interruptions;
    return fail(EINTR);
  }
  if (pwrite_is_full) return 0;
  return ::syscall(SYS_pwrite64, descriptor, bytes, pwrite_is_short ? 1 : size, offset);
}

extern "C" ssize_t pread(int descriptor, void* bytes, size_t size, off_t offset) {
  if (pread_error != 0) return fail(pread_error);
  if (pread_ends_at >= 0) {
    const off_t left = std::max<off_t>(0, pread_ends_at - offset);
    size = std::min(size, static_cast<size_t>(left));
  }
  return ::syscall(SYS_pread64, descriptor, bytes, size, offset);
}

namespace mpiferry::disk {
namespace {

class SystemFaults : public testing::Test {
 protected:
  ~SystemFaults() override {
    fallocate_error = fdatasync_error = fdatasync_interruptions = flock_error = 0;
    link_error = rename_new_error = pwrite_interruptions = pread_error = 0;
    pread_ends_at = -1;
    test::stat_error = 0;
    flock_is_nfs = link_answer_lost = pwrite_is_short = pwrite_is_full = false;
    direct_writes_are_refused = unlink_hides_by_a_rename = false;
    opened_direct.clear();
  }
  OffsetPartialFile open(OpenMode open_mode = OpenMode::create) const {
    Result<OffsetPartialFile> part = OffsetPartialFile::open(directory, "file.bin", open_mode);
    EXPECT_TRUE(part) << part.error().message();
    return std::move(*part);
  }
  test::TemporaryDirectory temporary;
  Directory directory = *Directory::open_or_create(files, temporary.path());
};

TEST_F(SystemFaults, where_space_cannot_be_reserved_the_file_gets_its_size) {
  for (const int error : {EOPNOTSUPP, ENOSYS}) {
    fallocate_error = error;
    OffsetPartialFile part = open();
    ASSERT_FALSE(part.write({}, bytes("kept bytes")));
    ASSERT_TRUE(part.preallocate(Bytes{100'000}));
    EXPECT_EQ(part.size()->value, 100'000U);
    ASSERT_TRUE(part.preallocate(Bytes{4})) << "never shrinks";
    EXPECT_EQ(part.size()->value, 100'000U);
    EXPECT_EQ(temporary.get("file.bin.part").substr(0, 10), "kept bytes");
  }
}

TEST_F(SystemFaults, where_holes_cannot_be_made_zeros_are_written) {
  OffsetPartialFile part = open();
  const std::string zeros(3 * kPageSize, '\0');
  ASSERT_FALSE(part.write({}, bytes(std::string(5 * kPageSize, 'x'))));
  fallocate_error = EOPNOTSUPP;
  ASSERT_FALSE(part.write_sparse(Bytes{kPageSize + 1}, bytes(zeros + "y"), /*over=*/true));
  const std::string there = temporary.get("file.bin.part");
  EXPECT_EQ(there, std::string(kPageSize + 1, 'x') + zeros + "y" + std::string(kPageSize - 2, 'x'));
}

// As some FUSE file systems have them.
TEST_F(SystemFaults, of_sizes_that_are_none_are_told_from_a_file_that_shrinks) {
  temporary.put("file", std::string(4096, 'x'));
  boost::asio::io_context io;
  Result<Source> source = Source::open(files, io, temporary / "file");
  ASSERT_TRUE(source);
  pread_ends_at = 18;
  std::string out(4096, '?');
  const auto read = source->read({}, std::as_writable_bytes(std::span{out}));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::source_read_failed);
  EXPECT_EQ(read.error().detail,
            "says that it has 4096 bytes, and ends after 18: its file system does not know sizes");
  EXPECT_NE(read.error().hint.find("stream"), std::string::npos);
}

TEST_F(SystemFaults, of_a_quota_are_told_with_their_hint) {
  fallocate_error = EDQUOT;
  OffsetPartialFile part = open();
  const Outcome reserved = part.preallocate(Bytes{100});
  ASSERT_FALSE(reserved);
  EXPECT_EQ(reserved.error().code, Errc::dest_write_failed);
  EXPECT_EQ(reserved.error().system_errno, EDQUOT);
  EXPECT_NE(reserved.error().hint.find("quota"), std::string::npos);
}

TEST_F(SystemFaults, that_only_interrupt_a_write_or_shorten_it_are_not_seen) {
  const OffsetPartialFile part = open();
  pwrite_interruptions = 3;
  pwrite_is_short = true;
  ASSERT_FALSE(part.write(Bytes{2}, bytes("whole")));
  EXPECT_EQ(pwrite_interruptions, 0);
  EXPECT_EQ(temporary.get("file.bin.part"), (std::string{"\0\0whole", 7}));
}

TEST_F(SystemFaults, that_write_nothing_and_say_nothing_are_a_full_disk) {
  const OffsetPartialFile part = open();
  pwrite_is_full = true;
  const WriteError error = part.write({}, bytes("x"));
  EXPECT_EQ(error.call, Call::write);
  EXPECT_EQ(error.system_errno, ENOSPC);
}

// As mergerfs and unionfs-fuse do it.
TEST_F(SystemFaults, of_files_that_opened_for_direct_writes_are_met_by_buffered_ones) {
  direct_writes_are_refused = true;
  std::vector<std::byte> buffer(4 * kPageSize, std::byte{'x'});
  void* start = buffer.data();
  std::size_t capacity = buffer.size();
  std::align(kPageSize, 3 * kPageSize, start, capacity);
  const std::span pages{static_cast<const std::byte*>(start), 2 * kPageSize + 17};
  OpenedPartialFile chunk = directory.open_partial("chunk_7.bin", 1, {.direct = true});
  ASSERT_FALSE(chunk.error);
  EXPECT_FALSE(chunk.file.append(pages.first(kPageSize)));
  EXPECT_FALSE(chunk.file.append(pages.subspan(kPageSize)));
  EXPECT_FALSE(chunk.file.publish(true));
  OffsetPartialFile file = open();
  file.go_direct();
  EXPECT_FALSE(file.write({}, pages));
  EXPECT_FALSE(file.publish(Bytes{pages.size()}, true, true));
  const std::string all(pages.size(), 'x');
  EXPECT_EQ(temporary.get("chunk_7.bin"), all);
  EXPECT_EQ(temporary.get("file.bin"), all);
}

TEST_F(SystemFaults, at_sync_are_told_and_interruptions_are_not) {
  const OffsetPartialFile part = open();
  fdatasync_interruptions = 3;
  EXPECT_FALSE(part.sync());
  EXPECT_EQ(fdatasync_interruptions, 0);
  fdatasync_error = EIO;
  EXPECT_EQ(part.sync().call, Call::sync);
  EXPECT_EQ(part.sync().system_errno, EIO);
}

// Two jobs find a dead job's part, and this one locks it when the other has replaced it already.
TEST_F(SystemFaults, of_timing_do_not_remove_the_part_of_a_living_job) {
  temporary.put("file.bin.part", "of a dead job");
  std::optional<OffsetPartialFile> living;
  before_flock = [&] {
    living.emplace(open());
    EXPECT_FALSE(living->write({}, bytes("living")));
  };
  const Result<OffsetPartialFile> late =
      OffsetPartialFile::open(directory, "file.bin", OpenMode::create);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::dest_occupied);
  EXPECT_EQ(temporary.get("file.bin.part"), "living");
}

TEST_F(SystemFaults, without_locks_parts_are_opened_all_the_same) {
  flock_error = ENOLCK;
  const OffsetPartialFile first = open();
  OffsetPartialFile second = open();
  ASSERT_FALSE(first.write({}, bytes("first")));
  EXPECT_EQ(temporary.get("file.bin.part"), "");
  EXPECT_FALSE(second.publish({}, false, false));
}

TEST_F(SystemFaults, without_locks_a_part_that_was_replaced_publishes_nothing) {
  flock_error = ENOLCK;
  OffsetPartialFile first = open();
  const OffsetPartialFile second = open();
  const WriteError error = first.publish({}, false, false);
  EXPECT_EQ(error.call, Call::rename);
  EXPECT_EQ(error.system_errno, ENOENT);
  EXPECT_EQ(temporary.names(), std::vector<std::string>{"file.bin.part"});
}

TEST_F(SystemFaults, of_a_lock_take_no_file_and_leave_none) {
  temporary.put("file.bin.part", "kept");
  for (const OpenMode mode : {OpenMode::resume, OpenMode::create}) {
    flock_error = EIO;
    const auto refused = OffsetPartialFile::open(directory, "file.bin", mode);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::dest_unusable);
    EXPECT_EQ(refused.error().call, "flock");
    EXPECT_EQ(refused.error().system_errno, EIO);
    EXPECT_EQ(temporary.get("file.bin.part"), "kept");
  }
  EXPECT_FALSE(OffsetPartialFile::open(directory, "new.bin", OpenMode::create));
  EXPECT_EQ(temporary.names(), std::vector<std::string>{"file.bin.part"});
}

TEST_F(SystemFaults, of_stat_do_not_make_a_name_free) {
  temporary.put("file.bin", "kept");
  for (const int error : {EIO, ESTALE, EACCES}) {
    test::stat_error = error;
    EXPECT_TRUE(directory.exists("file.bin")) << error;
  }
  test::stat_error = 0;
  EXPECT_TRUE(directory.exists("file.bin"));
  EXPECT_FALSE(directory.exists("file.bin.part"));
}

TEST_F(SystemFaults, of_nfs_locks_do_not_hide_a_running_job) {
  flock_is_nfs = true;
  Result<storage::File> theirs = JobLockFile{directory}.acquire(kTheirs, false);
  ASSERT_TRUE(theirs && *theirs);
  const Result<storage::File> refused = JobLockFile{directory}.acquire(kOurs, true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::dest_occupied);
  EXPECT_EQ(refused.error().detail, "a job is running here (rank 0, pid 99 on node8)");
  EXPECT_TRUE(JobLockFile{directory}.is_of(kTheirs));
  theirs->close();  // as when it is killed
  EXPECT_TRUE(JobLockFile{directory}.acquire(kOurs, true));
  EXPECT_TRUE(JobLockFile{directory}.is_of(kOurs));
}

// Without locks at all, or with an answer that says nothing of the job.
TEST_F(SystemFaults, of_locks_leave_another_jobs_lock_to_people) {
  temporary.put(".mpiferry.job", kTheirs);
  for (const int error : {ENOLCK, EOPNOTSUPP, ENOSYS, EBADF, EIO}) {
    flock_error = error;
    const Result<storage::File> refused = JobLockFile{directory}.acquire(kOurs, true);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::dest_occupied);
    EXPECT_EQ(refused.error().path, temporary / ".mpiferry.job");
    EXPECT_EQ(refused.error().call, "flock");
    EXPECT_EQ(refused.error().system_errno, error);
    EXPECT_NE(refused.error().hint.find("by hand"), std::string::npos);
    EXPECT_TRUE(JobLockFile{directory}.is_of(kTheirs));
  }
}

TEST_F(SystemFaults, without_locks_a_free_directory_is_taken_all_the_same) {
  flock_error = ENOLCK;
  const Result<storage::File> ours = JobLockFile{directory}.acquire(kOurs, false);
  ASSERT_TRUE(ours);
  EXPECT_FALSE(*ours);
  EXPECT_TRUE(JobLockFile{directory}.is_of(kOurs));
}

TEST_F(SystemFaults, of_a_lock_leave_no_lock_of_a_job_that_never_began) {
  flock_error = EIO;
  const Result<storage::File> ours = JobLockFile{directory}.acquire(kOurs, false);
  ASSERT_FALSE(ours);
  EXPECT_EQ(ours.error().code, Errc::dest_unusable);
  EXPECT_EQ(ours.error().system_errno, EIO);
  EXPECT_TRUE(temporary.names().empty());
}

TEST_F(SystemFaults, of_a_disk_do_not_make_our_lock_another_jobs) {
  pread_error = EIO;
  const Result<storage::File> ours = JobLockFile{directory}.acquire(kOurs, false);
  ASSERT_FALSE(ours);
  EXPECT_EQ(ours.error().code, Errc::dest_unusable);
  EXPECT_EQ(ours.error().call, "pread");
  EXPECT_EQ(ours.error().system_errno, EIO);
  EXPECT_NE(ours.error().hint.find("system log"), std::string::npos);
  EXPECT_TRUE(temporary.names().empty());
}

// It takes ours, which is not locked yet, for a dead job's.
TEST_F(SystemFaults, of_timing_let_only_one_of_two_jobs_take_a_directory) {
  storage::File theirs;
  before_flock = [&] {
    Result<storage::File> taken = JobLockFile{directory}.acquire(kTheirs, true);
    ASSERT_TRUE(taken);
    theirs = std::move(*taken);
  };
  const Result<storage::File> late = JobLockFile{directory}.acquire(kOurs, true);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().detail, "a job is running here (rank 0, pid 99 on node8)");
  EXPECT_TRUE(JobLockFile{directory}.is_of(kTheirs));
}

// As libfuse does with a file that is open, where renames are refused.
TEST_F(SystemFaults, of_removal_do_not_keep_the_lock_of_a_job_that_ends) {
  unlink_hides_by_a_rename = true;
  Result<storage::File> lock = JobLockFile{directory}.acquire(kOurs, false);
  ASSERT_TRUE(lock && *lock);
  JobLockFile{directory}.release(kOurs, std::move(*lock));
  EXPECT_TRUE(temporary.names().empty());
  lock = JobLockFile{directory}.acquire(kOurs, false);
  ASSERT_TRUE(lock && *lock);
  JobLockFile{directory}.leave(kOurs, std::move(*lock));
  EXPECT_TRUE(temporary.names().empty());
}

// A link would be another file there, or be counted after it has gone: as on sshfs and mergerfs.
TEST_F(SystemFaults, of_links_do_not_keep_a_finished_file_from_being_resumed) {
  temporary.put("file.bin", "old bytes");
  rename_new_error = EINVAL;
  link_error = EIO;
  OffsetPartialFile part = open(OpenMode::resume);
  ASSERT_TRUE(part.is_published());
  ASSERT_TRUE(part.unpublish());
  EXPECT_FALSE(part.write({}, bytes("new")));
  EXPECT_FALSE(part.publish(Bytes{9}, false, /*replace=*/true));
  EXPECT_EQ(temporary.names(), std::vector<std::string>{"file.bin"});
  EXPECT_EQ(temporary.get("file.bin"), "new bytes");
}

class NewName : public SystemFaults {
 protected:
  using Rename = int (*)(storage::Storage&, int, const char*, const char*) noexcept;
  void expect_promise(Rename rename_new = disk::rename_new) const {
    temporary.put("taken", kTheirs);
    temporary.put(kOurs, kOurs);
    EXPECT_EQ(rename_new(files, directory.descriptor(), kOurs, "taken"), EEXIST);
    EXPECT_EQ(temporary.get("taken"), kTheirs);
    EXPECT_EQ(temporary.get(kOurs), kOurs);
    EXPECT_EQ(rename_new(files, directory.descriptor(), kOurs, "free"), 0);
    EXPECT_EQ(temporary.get("free"), kOurs);
    EXPECT_EQ(temporary.names(), (std::vector<std::string>{"free", "taken"}));
    EXPECT_EQ(rename_new(files, directory.descriptor(), "missing", "new"), ENOENT);
    EXPECT_TRUE(directory.remove("free"));
  }
};

TEST_F(NewName, takes_nobody_elses_away) { expect_promise(); }

TEST_F(NewName, takes_nobody_elses_away_where_a_rename_cannot_promise_it) {
  rename_new_error = EINVAL;
  expect_promise();
}

TEST_F(NewName, takes_nobody_elses_away_where_there_are_no_links_either) {
  rename_new_error = EINVAL;
  link_error = EPERM;
  expect_promise();
}

TEST_F(NewName, of_an_open_file_takes_nobody_elses_away) {
  link_error = EIO;
  for (const int error : {0, EINVAL, ENOSYS, EOPNOTSUPP}) {
    rename_new_error = error;
    expect_promise(rename_open);
  }
}

TEST_F(NewName, is_given_even_if_the_answer_is_lost) {
  rename_new_error = EINVAL;
  link_answer_lost = true;
  expect_promise();
}

}  // namespace
}  // namespace mpiferry::disk
