// A FIFO with a writer that takes its time, and a wait for what it writes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "engine/storage/storage.hpp"
#include "tests/simulation/world.hpp"

namespace mpiferry::simulation {

// How a FIFO is written.
struct FifoWriter {
  Duration most_pause = std::chrono::milliseconds{1};  // before it opens, writes and closes
  std::size_t most_bytes = 4096;                       // of one write
  bool closes = true;                                  // when it has written all
};

// The writer opens it after the first reader has. Without a reader it gives up.
class Pipe : public std::enable_shared_from_this<Pipe> {
 public:
  Pipe(World& world, std::string content, const FifoWriter& writer)
      : world_(world), content_(std::move(content)), writer_(writer) {}

  void open_reader();
  void close_reader() noexcept { --readers_; }
  // read(2) of a descriptor that does not block; a negative result is an errno.
  ssize_t read(std::span<std::byte> out);
  // Answers as poll(2) does.
  short poll(short events) const noexcept;
  void widen(std::size_t bytes) noexcept { capacity_ = std::max(capacity_, bytes); }

  // A wait that ends when there is something to read, or the end.
  class Wait;
  static std::unique_ptr<storage::Readable> readable(std::shared_ptr<Pipe> pipe,
                                                     boost::asio::io_context& io);

 private:
  enum class State : std::uint8_t { unopened, open, closed };

  void schedule();
  void go_on();
  void write_some();
  void wake();

  World& world_;
  const std::string content_;
  const FifoWriter writer_;
  State state_ = State::unopened;
  int readers_ = 0;
  bool full_ = false;        // the writer waits for a reader
  std::size_t written_ = 0;  // of the content
  std::size_t read_ = 0;     // of what was written
  std::size_t capacity_ = 65536;
  std::vector<Wait*> waits_;
};

}  // namespace mpiferry::simulation
