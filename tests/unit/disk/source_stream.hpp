// What the tests of sources that are streams share.
#pragma once

#include <array>
#include <chrono>
#include <fcntl.h>
#include <span>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include "engine/disk/source.hpp"
#include "engine/posix/descriptor.hpp"
#include "tests/unit/disk/temporary_directory.hpp"

namespace mpiferry::disk {

class SourceStream : public testing::Test {
 protected:
  // Waits on the event loop until `source` is readable; false after 10 s.
  bool wait(Source& source) {
    bool readable = false;
    boost::asio::steady_timer limit{io, std::chrono::seconds{10}};
    limit.async_wait([&source](boost::system::error_code error) {
      if (!error) source.readable().cancel();
    });
    source.readable().async_wait([&](boost::system::error_code error) {
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

inline void write_all(int descriptor, std::string_view text) {
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
    read_end = posix::Descriptor{ends[0]};
    write_end = posix::Descriptor{ends[1]};
  }
  posix::Descriptor read_end, write_end;
};

}  // namespace mpiferry::disk
