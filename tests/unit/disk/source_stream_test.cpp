// Source reads FIFOs and devices, which deliver bytes when they like.
#include "tests/unit/disk/source_stream.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/posix_files.hpp"

namespace mpiferry::disk {
namespace {

using namespace std::chrono_literals;

TEST_F(SourceStream, of_a_fifo_opens_without_a_writer_and_has_not_ended) {
  Source source = *Source::open(files, io, fifo());
  EXPECT_TRUE(source.is_stream());
  for (int i = 0; i < 3; ++i) {
    const ReadResult result = read_some(source);
    EXPECT_TRUE(result.would_block);
    EXPECT_FALSE(result.end);
  }
}

// The default is 64 KiB.
TEST_F(SourceStream, of_a_fifo_makes_room_for_1_MiB_and_takes_none_away) {
  constexpr int kWanted = 1 << 20;
  const std::string path = fifo();
  const posix::Descriptor other{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
  if (::fcntl(other.get(), F_SETPIPE_SZ, 2 * kWanted) < 0 &&
      ::fcntl(other.get(), F_SETPIPE_SZ, kWanted) < 0) {
    GTEST_SKIP() << "SKIPPED: this user's pipes may not hold 1 MiB here (/proc/sys/fs/pipe-*)";
  }
  const int large = ::fcntl(other.get(), F_GETPIPE_SZ);
  { const Source source = *Source::open(files, io, path); }
  EXPECT_EQ(::fcntl(other.get(), F_GETPIPE_SZ), large);

  ASSERT_LT(::fcntl(other.get(), F_SETPIPE_SZ, 4096), kWanted);
  const Source source = *Source::open(files, io, path);
  EXPECT_GE(::fcntl(other.get(), F_GETPIPE_SZ), kWanted);
}

TEST_F(SourceStream, of_a_fifo_whose_writer_comes_late_is_read_in_full) {
  const std::string path = fifo();
  Source source = *Source::open(files, io, path);
  std::thread writer{[&path] {
    std::this_thread::sleep_for(300ms);
    const posix::Descriptor end{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    std::this_thread::sleep_for(100ms);
    write_all(end.get(), "first ");
    std::this_thread::sleep_for(100ms);
    write_all(end.get(), "second");
  }};
  EXPECT_EQ(read_to_end(source), "first second");
  writer.join();
  EXPECT_GE(waits, 1);
  EXPECT_LE(waits, 10);  // it waits, and does not spin
}

TEST_F(SourceStream, of_a_fifo_whose_writer_came_and_left_unseen_is_read_in_full) {
  const std::string path = fifo();
  Source source = *Source::open(files, io, path);
  {
    const posix::Descriptor end{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    write_all(end.get(), "all");
  }
  EXPECT_EQ(read_to_end(source), "all");
  EXPECT_EQ(waits, 0);
}

TEST_F(SourceStream, of_a_fifo_ends_when_its_writer_leaves_without_a_byte) {
  const std::string path = fifo();
  Source source = *Source::open(files, io, path);
  EXPECT_TRUE(read_some(source).would_block);
  std::thread writer{[&path] {
    std::this_thread::sleep_for(200ms);
    const posix::Descriptor end{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  }};
  EXPECT_EQ(read_to_end(source), "");
  writer.join();
}

TEST_F(SourceStream, of_a_fifo_with_a_silent_writer_has_not_ended) {
  const std::string path = fifo();
  Source source = *Source::open(files, io, path);
  const posix::Descriptor end{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  EXPECT_TRUE(read_some(source).would_block);
}

TEST_F(SourceStream, that_has_ended_stays_so) {
  const std::string path = fifo();
  Source source = *Source::open(files, io, path);
  { const posix::Descriptor end{::open(path.c_str(), O_WRONLY | O_CLOEXEC)}; }
  EXPECT_TRUE(read_some(source).end);
  const posix::Descriptor another{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  write_all(another.get(), "too late");
  EXPECT_TRUE(read_some(source).end);
}

TEST_F(SourceStream, of_more_than_a_pipe_holds_is_read_in_full) {
  const std::string path = fifo();
  const std::string text(1'000'000, 'x');
  Source source = *Source::open(files, io, path);
  std::thread writer{[&] {
    const posix::Descriptor end{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    write_all(end.get(), text);
  }};
  EXPECT_EQ(read_to_end(source), text);
  writer.join();
}

TEST_F(SourceStream, survives_a_move_after_it_was_waited_for) {
  const std::string path = fifo();
  Source first = *Source::open(files, io, path);
  const posix::Descriptor end{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  write_all(end.get(), "x");
  EXPECT_TRUE(wait(first));
  Source second = std::move(first);
  EXPECT_TRUE(wait(second));
  EXPECT_EQ(read_some(second).bytes, 1U);
}

TEST_F(SourceStream, of_devices_that_cannot_be_waited_for_never_blocks) {
  Source zero = *Source::open(files, io, "/dev/zero");
  EXPECT_TRUE(zero.is_stream());
  EXPECT_EQ(read_some(zero).bytes, 1000U);
  EXPECT_NO_THROW(zero.readable());
  EXPECT_EQ(read_some(zero).bytes, 1000U);
  Source null = *Source::open(files, io, "/dev/null");
  EXPECT_TRUE(read_some(null).end);
}

TEST_F(SourceStream, passes_the_check_for_changes) {
  const Source source = *Source::open(files, io, "/dev/zero");
  EXPECT_TRUE(source.check_unchanged());
}

TEST_F(SourceStream, asked_for_no_bytes_gives_none_and_has_not_ended) {
  Source source = *Source::open(files, io, "/dev/null");
  const Result<ReadResult> result = source.read(0_B, {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->bytes, 0U);
  EXPECT_FALSE(result->end || result->would_block);
}

}  // namespace
}  // namespace mpiferry::disk
