// FIFOs of a simulated disk, and waits for what comes.
#include <cerrno>
#include <optional>
#include <poll.h>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "tests/simulation/disk/disk_fixture.hpp"

namespace mpiferry::simulation {
namespace {

class SimulatedFifo : public SimulatedDisk {
 protected:
  static constexpr int kRead = O_RDONLY | O_NONBLOCK;

  int make(std::string content, const FifoWriter& writer = {}) {
    disk_.make_fifo("/fifo", std::move(content), writer);
    return open("/fifo", kRead);
  }
  // Returns the bytes of one call; nothing if it fails with EAGAIN.
  std::optional<std::string> read(int file) {
    std::string out(1000, '?');
    const ssize_t got = storage_.read(file, std::as_writable_bytes(std::span{out}));
    if (got < 0) {
      EXPECT_EQ(errno, EAGAIN);
      return std::nullopt;
    }
    out.resize(static_cast<std::size_t>(got));
    return out;
  }
  short poll(int file) { return storage_.poll(file, POLLIN, 0); }
};

TEST_F(SimulatedFifo, gives_all_that_is_written_and_then_its_end) {
  std::string content(300'000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 / 3);
  const int file = make(content);
  std::string got;
  int waits = 0;
  while ((poll(file) & POLLHUP) == 0 || (poll(file) & POLLIN) != 0) {
    const auto piece = read(file);
    if (piece) got += *piece;
    if (!piece || piece->empty()) {
      ++waits;
      ASSERT_TRUE(world_.step());
    }
  }
  EXPECT_EQ(got, content);
  EXPECT_GT(waits, 10);
  EXPECT_EQ(read(file), "");
}

TEST_F(SimulatedFifo, has_no_end_before_a_writer_has_been_there) {
  const int file = make("x");
  EXPECT_EQ(read(file), "");
  EXPECT_EQ(poll(file), 0);
  world_.step();
  EXPECT_EQ(read(file), std::nullopt);
  EXPECT_EQ(poll(file), 0);
  world_.step();
  EXPECT_EQ(poll(file), POLLIN);
  EXPECT_EQ(read(file), "x");
  EXPECT_EQ(read(file), std::nullopt);
  world_.step();
  EXPECT_EQ(poll(file), POLLHUP);
  EXPECT_EQ(read(file), "");
  EXPECT_FALSE(world_.step());
}

TEST_F(SimulatedFifo, stays_open_if_its_writer_does) {
  const int file = make("x", {.closes = false});
  while (world_.step()) {
  }
  EXPECT_EQ(read(file), "x");
  EXPECT_EQ(read(file), std::nullopt);
  EXPECT_EQ(poll(file), 0);
}

TEST_F(SimulatedFifo, stops_its_writer_when_it_is_full) {
  const int file = make(std::string(200'000, 'x'), {.most_bytes = 50'000});
  while (world_.step()) {
  }
  std::size_t bytes = 0;
  const auto read_all = [&] {
    while (const auto piece = read(file)) bytes += piece->size();
  };
  read_all();
  EXPECT_EQ(bytes, 65536U);
  storage_.widen_pipe(file, 100'000);
  while (world_.step()) {
  }
  read_all();
  EXPECT_EQ(bytes, 165'536U);
}

TEST_F(SimulatedFifo, is_a_stream) {
  const int file = make("x");
  EXPECT_TRUE(S_ISFIFO(status_of(file).st_mode));
  EXPECT_EQ(status_of(file).st_size, 0);
  EXPECT_EQ(storage_.seek(file, 0, SEEK_CUR), -1);
  EXPECT_EQ(errno, ESPIPE);
  EXPECT_EQ(storage_.read_at(file, {}, 0), -1);
  EXPECT_EQ(errno, ESPIPE);
  EXPECT_EQ(storage_.sync(file), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(open("/fifo", O_WRONLY | O_NONBLOCK), -1);
  EXPECT_EQ(errno, ENXIO);
}

TEST_F(SimulatedFifo, is_left_by_its_writer_when_nobody_reads) {
  const int file = make(std::string(100'000, 'x'));
  world_.step();
  storage_.close(file);
  while (world_.step()) {
  }
  const int again = open("/fifo", kRead);
  EXPECT_FALSE(world_.step());
  EXPECT_EQ(poll(again), POLLHUP);
  EXPECT_EQ(read(again), "");
}

class WaitForFifo : public SimulatedFifo {
 protected:
  void wait(storage::Readable& readable) {
    readable.async_wait([this](boost::system::error_code code) { codes_.push_back(code); });
  }
  // What the loop does without another event of the world.
  void run_handlers() {
    io_.restart();
    io_.poll();
  }

  std::vector<boost::system::error_code> codes_;
  boost::asio::io_context io_;
};

TEST_F(WaitForFifo, ends_when_something_comes) {
  const auto readable = storage_.readable(io_, make("x"));
  wait(*readable);
  world_.step();
  run_handlers();
  EXPECT_TRUE(codes_.empty()) << "a writer that only opens it brings nothing";
  EXPECT_FALSE(io_.stopped()) << "it waits";
  world_.step();
  EXPECT_TRUE(codes_.empty()) << "handlers run in the loop";
  run_handlers();
  EXPECT_EQ(codes_, std::vector{boost::system::error_code{}});
}

TEST_F(WaitForFifo, ends_when_the_end_comes) {
  const int file = make("x");
  const auto readable = storage_.readable(io_, file);
  world_.step();
  world_.step();
  read(file);
  wait(*readable);
  run_handlers();
  EXPECT_TRUE(codes_.empty());
  world_.step();
  run_handlers();
  EXPECT_EQ(codes_, std::vector{boost::system::error_code{}});
}

TEST_F(WaitForFifo, ends_at_once_when_something_is_there) {
  const auto readable = storage_.readable(io_, make("x"));
  while (world_.step()) {
  }
  for (std::size_t i = 1; i < 3; ++i) {
    wait(*readable);
    EXPECT_EQ(codes_.size(), i - 1) << "handlers run in the loop";
    run_handlers();
    EXPECT_EQ(codes_, std::vector(i, boost::system::error_code{}));
  }
}

TEST_F(WaitForFifo, can_be_cancelled) {
  const auto readable = storage_.readable(io_, make("x"));
  wait(*readable);
  readable->cancel();
  while (world_.step()) {
  }
  run_handlers();
  ASSERT_EQ(codes_.size(), 1U);
  EXPECT_EQ(codes_.front(), boost::asio::error::operation_aborted);
}

TEST_F(WaitForFifo, is_aborted_when_the_readable_goes) {
  auto readable = storage_.readable(io_, make("x"));
  wait(*readable);
  readable = nullptr;
  while (world_.step()) {
  }
  run_handlers();
  ASSERT_EQ(codes_.size(), 1U);
  EXPECT_EQ(codes_.front(), boost::asio::error::operation_aborted);
}

TEST_F(WaitForFifo, ends_without_a_word_with_the_io_context) {
  const int file = make("x");
  {
    boost::asio::io_context io;
    std::shared_ptr<storage::Readable> readable = storage_.readable(io, file);
    storage::Readable& waiting = *readable;
    waiting.async_wait([this, own = std::move(readable)](boost::system::error_code code) {
      codes_.push_back(code);
    });
  }
  while (world_.step()) {
  }
  EXPECT_TRUE(codes_.empty());
}

TEST_F(WaitForFifo, has_no_end_for_a_rank_that_has_died) {
  const auto readable = storage_.readable(io_, make("x"));
  wait(*readable);
  storage_.die();
  while (world_.step()) {
  }
  run_handlers();
  EXPECT_TRUE(codes_.empty());
}

TEST_F(WaitForFifo, is_for_streams_that_are_open) {
  EXPECT_THROW(storage_.readable(io_, open("/file", kNew)), boost::system::system_error);
  EXPECT_THROW(storage_.readable(io_, -1), boost::system::system_error);
}

}  // namespace
}  // namespace mpiferry::simulation
