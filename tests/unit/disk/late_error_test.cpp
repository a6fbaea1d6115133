// Errors that a file system puts off until fsync or close, as NFS and quotas do. This program's
// own fsync and close stand in for such a file system.
#include <cerrno>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "engine/disk/directory.hpp"
#include "engine/disk/offset_partial_file.hpp"
#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace {
thread_local int close_error = 0;
thread_local int fsync_error = 0;
thread_local int fsync_interruptions = 0;

int fail(int error) {
  errno = error;
  return -1;
}
}  // namespace

// As Linux does: the descriptor is gone, whatever close says.
extern "C" int close(int descriptor) {
  const long result = ::syscall(SYS_close, descriptor);
  return close_error != 0 ? fail(close_error) : static_cast<int>(result);
}

extern "C" int fsync(int descriptor) {
  if (fsync_interruptions > 0) {
    --fsync_interruptions;
    return fail(EINTR);
  }
  return fsync_error != 0 ? fail(fsync_error) : static_cast<int>(::syscall(SYS_fsync, descriptor));
}

namespace mpiferry::disk {
namespace {

class LateError : public testing::Test {
 protected:
  ~LateError() override { close_error = fsync_error = fsync_interruptions = 0; }
  WriteError publish(bool durable, int at_close, int at_fsync) {
    OpenedPartialFile part = directory.open_partial("chunk_7.bin", 1);
    EXPECT_FALSE(part.error);
    close_error = at_close;
    fsync_error = at_fsync;
    const WriteError error = part.file.publish(durable);
    close_error = fsync_error = 0;
    return error;
  }
  test::TemporaryDirectory temporary;
  Directory directory = *Directory::open_or_create(files, temporary.path());
};

TEST_F(LateError, at_close_names_it_and_publishes_nothing) {
  const WriteError error = publish(false, EDQUOT, 0);
  EXPECT_EQ(error.call, Call::close);
  EXPECT_EQ(error.system_errno, EDQUOT);
  EXPECT_TRUE(temporary.names().empty());
}

TEST_F(LateError, at_fsync_is_a_sync_error_and_publishes_nothing) {
  const WriteError error = publish(true, 0, EIO);
  EXPECT_EQ(error.call, Call::sync);
  EXPECT_EQ(error.system_errno, EIO);
  EXPECT_TRUE(temporary.names().empty());
}

TEST_F(LateError, at_fsync_is_not_met_by_those_who_do_not_ask_for_durability) {
  EXPECT_FALSE(publish(false, 0, EIO));
  EXPECT_TRUE(temporary.has("chunk_7.bin"));
}

TEST_F(LateError, is_not_an_fsync_that_was_interrupted) {
  fsync_interruptions = 3;
  EXPECT_FALSE(publish(true, 0, 0));
  EXPECT_EQ(fsync_interruptions, 0);
  EXPECT_TRUE(temporary.has("chunk_7.bin"));
}

TEST_F(LateError, of_a_file_written_at_offsets_publishes_nothing) {
  Result<OffsetPartialFile> part = OffsetPartialFile::open(directory, "file.bin", OpenMode::create);
  ASSERT_TRUE(part);
  fsync_error = EIO;
  EXPECT_EQ(part->publish({}, true, true).call, Call::sync);
  fsync_error = 0;
  close_error = EDQUOT;
  const WriteError error = part->publish({}, false, true);
  close_error = 0;
  EXPECT_EQ(error.call, Call::close);
  EXPECT_EQ(error.system_errno, EDQUOT);
  EXPECT_EQ(temporary.names(), std::vector<std::string>{"file.bin.part"});
  part->discard();
  EXPECT_TRUE(temporary.names().empty());
}

TEST_F(LateError, is_told_to_who_joined_and_closes) {
  Result<OffsetPartialFile> owner =
      OffsetPartialFile::open(directory, "file.bin", OpenMode::create);
  ASSERT_TRUE(owner);
  for (const int late : {EDQUOT, 0}) {
    Result<OffsetPartialFile> part =
        OffsetPartialFile::open(directory, "file.bin", OpenMode::attach);
    ASSERT_TRUE(part);
    close_error = late;
    const WriteError error = part->close();
    close_error = 0;
    EXPECT_EQ(error.call, late == 0 ? Call::none : Call::close);
    EXPECT_EQ(error.system_errno, late);
    EXPECT_FALSE(*part);
    EXPECT_EQ(temporary.names(), std::vector<std::string>{"file.bin.part"});
  }
}

TEST_F(LateError, fails_the_probe) {
  close_error = EDQUOT;
  const Outcome probe = directory.probe_writable();
  close_error = 0;
  ASSERT_FALSE(probe);
  EXPECT_EQ(probe.error().call, "close");
  EXPECT_EQ(probe.error().system_errno, EDQUOT);
  EXPECT_TRUE(temporary.names().empty());
}

TEST_F(LateError, of_the_directory_fails_its_sync) {
  fsync_error = EIO;
  const Outcome synced = directory.sync();
  ASSERT_FALSE(synced);
  EXPECT_EQ(synced.error().code, Errc::dest_write_failed);
  EXPECT_EQ(synced.error().system_errno, EIO);
  fsync_error = EINVAL;
  EXPECT_TRUE(directory.sync());
}

}  // namespace
}  // namespace mpiferry::disk
