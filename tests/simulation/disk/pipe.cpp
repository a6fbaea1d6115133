#include "tests/simulation/disk/pipe.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

namespace mpiferry::simulation {

// A timer that never expires holds the handler, so that it ends with the io_context as that of a
// real descriptor does, whoever owns whom.
class Pipe::Wait final : public storage::Readable {
 public:
  Wait(std::shared_ptr<Pipe> pipe, boost::asio::io_context& io)
      : pipe_(std::move(pipe)), timer_(io) {
    pipe_->waits_.push_back(this);
  }
  ~Wait() override { std::erase(pipe_->waits_, this); }

  void async_wait(Handler handler) override {
    code_ = std::make_shared<boost::system::error_code>(boost::asio::error::operation_aborted);
    timer_.expires_at(boost::asio::steady_timer::time_point::max());
    timer_.async_wait([code = code_, handler = std::move(handler)](boost::system::error_code) {
      handler(*code);
    });
    if (pipe_->poll(POLLIN) != 0) wake();
  }
  void cancel() override {
    code_ = nullptr;
    timer_.cancel();
  }
  void wake() {
    if (code_ == nullptr) return;
    std::exchange(code_, nullptr)->clear();
    timer_.cancel();
  }

 private:
  std::shared_ptr<Pipe> pipe_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<boost::system::error_code> code_;  // that the handler will be given
};

std::unique_ptr<storage::Readable> Pipe::readable(std::shared_ptr<Pipe> pipe,
                                                  boost::asio::io_context& io) {
  return std::make_unique<Wait>(std::move(pipe), io);
}

void Pipe::open_reader() {
  ++readers_;
  if (state_ == State::unopened && readers_ == 1) schedule();
}

void Pipe::schedule() {
  world_.after(world_.duration({}, writer_.most_pause), [weak = weak_from_this()] {
    if (const auto pipe = weak.lock()) pipe->go_on();
  });
}

void Pipe::go_on() {
  if (readers_ == 0) {
    state_ = State::closed;
  } else if (state_ == State::unopened) {
    state_ = State::open;
    schedule();
  } else if (written_ < content_.size()) {
    write_some();
  } else if (writer_.closes) {
    state_ = State::closed;
    wake();
  }
}

void Pipe::write_some() {
  const std::size_t most = std::min(content_.size() - written_, capacity_ - (written_ - read_));
  full_ = most == 0;
  if (full_) return;
  written_ += 1 + world_.number(std::min(most, writer_.most_bytes) - 1);
  wake();
  schedule();
}

void Pipe::wake() {
  for (Wait* const wait : waits_) wait->wake();
}

ssize_t Pipe::read(std::span<std::byte> out) {
  const std::size_t bytes = std::min(out.size(), written_ - read_);
  if (bytes == 0) return state_ == State::open && !out.empty() ? -EAGAIN : 0;
  std::memcpy(out.data(), content_.data() + read_, bytes);
  read_ += bytes;
  if (std::exchange(full_, false)) schedule();
  return static_cast<ssize_t>(bytes);
}

// As Linux has it, the end shows only after a writer has been there.
short Pipe::poll(short events) const noexcept {
  const int in = read_ < written_ ? POLLIN : 0;
  const int end = state_ == State::closed ? POLLHUP : 0;
  return static_cast<short>((in & events) | end);
}

}  // namespace mpiferry::simulation
