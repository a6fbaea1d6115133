// Source reads standard input, which other processes use too.
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/posix_files.hpp"
#include "tests/unit/disk/source_stream.hpp"

namespace mpiferry::disk {
namespace {

using namespace std::chrono_literals;

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
  posix::Descriptor saved_;
};

bool is_non_blocking(int descriptor) { return (::fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0; }

TEST_F(SourceStream, of_a_pipe_at_standard_input_is_waited_for_and_read_in_full) {
  Pipe pipe;
  const StandardInput input{pipe.read_end.get()};
  Source source = *Source::open(files, io, "-");
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
    Source source = *Source::open(files, io, "-");
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
  { const Source source = *Source::open(files, io, "-"); }
  EXPECT_TRUE(is_non_blocking(pipe.read_end.get()));
}

TEST_F(SourceStream, of_a_socket_at_standard_input_is_read_in_full) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const posix::Descriptor near{ends[0]};
  posix::Descriptor far{ends[1]};
  const StandardInput input{near.get()};
  Source source = *Source::open(files, io, "-");
  EXPECT_TRUE(read_some(source).would_block);
  write_all(far.get(), "text");
  far.close();
  EXPECT_EQ(read_to_end(source), "text");
}

TEST_F(SourceStream, is_not_what_standard_input_redirected_from_a_file_is) {
  temporary.put("data", "0123456789");
  const posix::Descriptor file{::open((temporary / "data").c_str(), O_RDONLY | O_CLOEXEC)};
  ASSERT_EQ(::lseek(file.get(), 4, SEEK_SET), 4);
  const StandardInput input{file.get()};
  Source source = *Source::open(files, io, "-");
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
  const posix::Descriptor file{::open((temporary / "data").c_str(), O_RDONLY | O_CLOEXEC)};
  ASSERT_EQ(::lseek(file.get(), 40, SEEK_SET), 40);
  const StandardInput input{file.get()};
  EXPECT_EQ(Source::open(files, io, "-")->size(), Bytes{0});
}

TEST_F(SourceStream, of_closed_standard_input_is_unreadable) {
  const StandardInput input{-1};
  const Result<Source> source = Source::open(files, io, "-");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::source_unreadable);
  EXPECT_EQ(source.error().path, "-");
  EXPECT_EQ(source.error().detail, "standard input is closed");
  EXPECT_EQ(source.error().system_errno, EBADF);
}

TEST_F(SourceStream, of_standard_input_that_is_only_written_is_unreadable) {
  Pipe pipe;
  const StandardInput input{pipe.write_end.get()};
  const Result<Source> source = Source::open(files, io, "-");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::source_unreadable);
}

TEST_F(SourceStream, of_a_directory_at_standard_input_is_not_a_file) {
  const posix::Descriptor file{::open(temporary.path().c_str(), O_RDONLY | O_CLOEXEC)};
  const StandardInput input{file.get()};
  const Result<Source> source = Source::open(files, io, "-");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::source_not_a_file);
}

TEST_F(SourceStream, that_fails_says_so) {
  // A listening socket can be waited for but not read.
  const posix::Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const StandardInput input{socket.get()};
  Source source = *Source::open(files, io, "-");
  std::array<std::byte, 10> buffer{};
  const Result<ReadResult> result = source.read(0_B, buffer);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::source_read_failed);
  EXPECT_EQ(result.error().call, "read");
  EXPECT_NE(result.error().system_errno, 0);
}

}  // namespace
}  // namespace mpiferry::disk
