// Source: FIFOs, devices and standard input, which bring bytes when they like.
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <span>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include "engine/disk/source.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk {
namespace {

using namespace std::chrono_literals;

class SourceStream : public testing::Test {
 protected:
  // Waits on the event loop until `source` is readable; false after 10 s.
  bool wait(Source& source) {
    bool readable = false;
    boost::asio::steady_timer limit{io, 10s};
    limit.async_wait([&source](boost::system::error_code error) {
      if (!error) source.descriptor().cancel();
    });
    source.descriptor().async_wait(boost::asio::posix::descriptor_base::wait_read,
                                   [&](boost::system::error_code error) {
                                     readable = !error;
                                     limit.cancel();
                                   });
    io.restart();
    io.run();
    return readable;
  }
  // All that comes up to the end.
  std::string read_to_end(Source& source) {
    std::string text;
    std::array<std::byte, 1000> buffer{};
    for (;;) {
      const Result<ReadResult> result = source.read(0_B, buffer);
      if (!result) return result.error().message();
      for (const std::byte byte : std::span{buffer}.first(result->bytes))
        text += static_cast<char>(byte);
      if (result->end) return text;
      if (result->would_block) {
        ++waits;
        if (!wait(source)) return text + " (no more within 10 s)";
      }
    }
  }
  ReadResult read_some(Source& source) {
    std::array<std::byte, 1000> buffer{};
    const Result<ReadResult> result = source.read(0_B, buffer);
    EXPECT_TRUE(result) << result.error().message();
    return result ? *result : ReadResult{};
  }
  std::string fifo() {
    std::string path = temporary / "fifo";
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path;
  }

  boost::asio::io_context io;
  test::TemporaryDirectory temporary;
  int waits = 0;
};

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(descriptor, text.data(), text.size());
    ASSERT_GT(put, 0);
    text.remove_prefix(static_cast<std::size_t>(put));
  }
}

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read_end = Descriptor{ends[0]};
    write_end = Descriptor{ends[1]};
  }
  Descriptor read_end, write_end;
};

// Standard input is `descriptor` (or closed, for -1) for as long as it lives.
class StandardInput {
 public:
  explicit StandardInput(int descriptor) : saved_(::fcntl(0, F_DUPFD_CLOEXEC, 3)) {
    if (descriptor >= 0) {
      ::dup2(descriptor, 0);
    } else {
      ::close(0);
    }
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput() {
    if (saved_) {
      ::dup2(saved_.get(), 0);
    } else {
      ::close(0);
    }
  }

 private:
  Descriptor saved_;
};

bool is_non_blocking(int descriptor) { return (::fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0; }

TEST_F(SourceStream, of_a_fifo_opens_without_a_writer_and_has_not_ended) {
  Source source = *Source::open(io, fifo());
  EXPECT_TRUE(source.is_stream());
  for (int i = 0; i < 3; ++i) {
    const ReadResult result = read_some(source);
    EXPECT_TRUE(result.would_block);
    EXPECT_FALSE(result.end);
  }
}

TEST_F(SourceStream, of_a_fifo_whose_writer_comes_late_is_read_in_full) {
  const std::string path = fifo();
  Source source = *Source::open(io, path);
  std::thread writer{[&path] {
    std::this_thread::sleep_for(300ms);
    const Descriptor end{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
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
  Source source = *Source::open(io, path);
  {
    const Descriptor end{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    write_all(end.get(), "all");
  }
  EXPECT_EQ(read_to_end(source), "all");
  EXPECT_EQ(waits, 0);
}

TEST_F(SourceStream, of_a_fifo_ends_when_its_writer_leaves_without_a_byte) {
  const std::string path = fifo();
  Source source = *Source::open(io, path);
  EXPECT_TRUE(read_some(source).would_block);
  std::thread writer{[&path] {
    std::this_thread::sleep_for(200ms);
    const Descriptor end{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  }};
  EXPECT_EQ(read_to_end(source), "");
  writer.join();
}

TEST_F(SourceStream, of_a_fifo_with_a_silent_writer_has_not_ended) {
  const std::string path = fifo();
  Source source = *Source::open(io, path);
  const Descriptor end{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  EXPECT_TRUE(read_some(source).would_block);
}

TEST_F(SourceStream, that_has_ended_stays_so) {
  const std::string path = fifo();
  Source source = *Source::open(io, path);
  { const Descriptor end{::open(path.c_str(), O_WRONLY | O_CLOEXEC)}; }
  EXPECT_TRUE(read_some(source).end);
  const Descriptor another{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  write_all(another.get(), "too late");
  EXPECT_TRUE(read_some(source).end);
}

TEST_F(SourceStream, of_more_than_a_pipe_holds_is_read_in_full) {
  const std::string path = fifo();
  const std::string text(1'000'000, 'x');
  Source source = *Source::open(io, path);
  std::thread writer{[&] {
    const Descriptor end{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    write_all(end.get(), text);
  }};
  EXPECT_EQ(read_to_end(source), text);
  writer.join();
}

TEST_F(SourceStream, survives_a_move_after_it_was_waited_for) {
  const std::string path = fifo();
  Source first = *Source::open(io, path);
  const Descriptor end{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  write_all(end.get(), "x");
  EXPECT_TRUE(wait(first));
  Source second = std::move(first);
  EXPECT_TRUE(wait(second));
  EXPECT_EQ(read_some(second).bytes, 1U);
}

TEST_F(SourceStream, of_devices_that_can_not_be_waited_for_never_blocks) {
  Source zero = *Source::open(io, "/dev/zero");
  EXPECT_TRUE(zero.is_stream());
  EXPECT_EQ(read_some(zero).bytes, 1000U);
  EXPECT_NO_THROW(zero.descriptor());
  EXPECT_EQ(read_some(zero).bytes, 1000U);
  Source null = *Source::open(io, "/dev/null");
  EXPECT_TRUE(read_some(null).end);
}

TEST_F(SourceStream, passes_the_check_for_changes) {
  const Source source = *Source::open(io, "/dev/zero");
  EXPECT_TRUE(source.check_unchanged());
}

TEST_F(SourceStream, asked_for_no_bytes_gives_none_and_has_not_ended) {
  Source source = *Source::open(io, "/dev/null");
  const Result<ReadResult> result = source.read(0_B, {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->bytes, 0U);
  EXPECT_FALSE(result->end || result->would_block);
}

TEST_F(SourceStream, of_a_pipe_at_standard_input_is_waited_for_and_read_in_full) {
  Pipe pipe;
  const StandardInput input{pipe.read_end.get()};
  Source source = *Source::open(io, "-");
  EXPECT_TRUE(source.is_stream());
  std::thread writer{[&pipe] {
    std::this_thread::sleep_for(100ms);
    write_all(pipe.write_end.get(), "late");
    pipe.write_end.close();
  }};
  EXPECT_EQ(read_to_end(source), "late");
  writer.join();
  EXPECT_GE(waits, 1);
}

TEST_F(SourceStream, of_standard_input_gives_it_back_open_and_as_it_was) {
  Pipe pipe;
  const StandardInput input{pipe.read_end.get()};
  {
    Source source = *Source::open(io, "-");
    Source moved = std::move(source);
    EXPECT_TRUE(is_non_blocking(pipe.read_end.get()));
    EXPECT_TRUE(read_some(moved).would_block);
    write_all(pipe.write_end.get(), "x");
    EXPECT_TRUE(wait(moved));
  }
  EXPECT_GE(::fcntl(0, F_GETFD), 0);
  EXPECT_FALSE(is_non_blocking(pipe.read_end.get()));
}

TEST_F(SourceStream, of_standard_input_that_was_non_blocking_leaves_it_so) {
  Pipe pipe;
  ::fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK);
  const StandardInput input{pipe.read_end.get()};
  { const Source source = *Source::open(io, "-"); }
  EXPECT_TRUE(is_non_blocking(pipe.read_end.get()));
}

TEST_F(SourceStream, of_a_socket_at_standard_input_is_read_in_full) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Descriptor near{ends[0]};
  Descriptor far{ends[1]};
  const StandardInput input{near.get()};
  Source source = *Source::open(io, "-");
  EXPECT_TRUE(read_some(source).would_block);
  write_all(far.get(), "text");
  far.close();
  EXPECT_EQ(read_to_end(source), "text");
}

TEST_F(SourceStream, is_not_what_standard_input_redirected_from_a_file_is) {
  temporary.put("data", "0123456789");
  const Descriptor file{::open((temporary / "data").c_str(), O_RDONLY | O_CLOEXEC)};
  ASSERT_EQ(::lseek(file.get(), 4, SEEK_SET), 4);
  const StandardInput input{file.get()};
  Source source = *Source::open(io, "-");
  EXPECT_FALSE(source.is_stream());
  EXPECT_EQ(source.size(), Bytes{6});
  EXPECT_FALSE(is_non_blocking(0));
  std::string out(10, '?');
  const Result<ReadResult> result = source.read(1_B, std::as_writable_bytes(std::span{out}));
  ASSERT_TRUE(result);
  EXPECT_EQ(out.substr(0, result->bytes), "56789");
  EXPECT_TRUE(result->end);
  std::filesystem::resize_file(temporary / "data", 5);
  const Outcome check = source.check_unchanged();
  ASSERT_FALSE(check);
  EXPECT_EQ(check.error().detail, "shrank from 10 to 5 bytes while it was read");
}

TEST_F(SourceStream, of_a_file_at_standard_input_beyond_its_end_is_empty) {
  temporary.put("data", "0123456789");
  const Descriptor file{::open((temporary / "data").c_str(), O_RDONLY | O_CLOEXEC)};
  ASSERT_EQ(::lseek(file.get(), 40, SEEK_SET), 40);
  const StandardInput input{file.get()};
  EXPECT_EQ(Source::open(io, "-")->size(), Bytes{0});
}

TEST_F(SourceStream, of_closed_standard_input_is_unreadable) {
  const StandardInput input{-1};
  const Result<Source> source = Source::open(io, "-");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::source_unreadable);
  EXPECT_EQ(source.error().path, "-");
  EXPECT_EQ(source.error().detail, "standard input is closed");
  EXPECT_EQ(source.error().system_errno, EBADF);
}

TEST_F(SourceStream, of_standard_input_that_is_only_written_is_unreadable) {
  Pipe pipe;
  const StandardInput input{pipe.write_end.get()};
  const Result<Source> source = Source::open(io, "-");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::source_unreadable);
}

TEST_F(SourceStream, of_a_directory_at_standard_input_is_not_a_file) {
  const Descriptor file{::open(temporary.path().c_str(), O_RDONLY | O_CLOEXEC)};
  const StandardInput input{file.get()};
  const Result<Source> source = Source::open(io, "-");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::source_not_a_file);
}

TEST_F(SourceStream, that_fails_says_so) {
  // A listening socket can be waited for but not read.
  const Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const StandardInput input{socket.get()};
  Source source = *Source::open(io, "-");
  std::array<std::byte, 10> buffer{};
  const Result<ReadResult> result = source.read(0_B, buffer);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::source_read_failed);
  EXPECT_EQ(result.error().call, "read");
  EXPECT_NE(result.error().system_errno, 0);
}

}  // namespace
}  // namespace mpiferry::disk
