// A handler that waits for a request, without its type.
//
// Our own, not any_completion_handler: that of Boost 1.81 calls its own move assignment without
// end.
#pragma once

#include <memory>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "engine/transport/arena.hpp"
#include "engine/transport/completion.hpp"

namespace mpiferry::transport {

class WaitOperation {
 public:
  // Frees the operation, then posts the handler to its executor.
  virtual void complete(Arena& arena, const ErrorCode& error, Completion completion) = 0;
  // Frees the operation without calling the handler.
  virtual void destroy(Arena& arena) noexcept = 0;

 protected:
  ~WaitOperation() = default;
};

template <class Handler>
class WaitOperationFor final : public WaitOperation {
  using IoExecutor = boost::asio::io_context::executor_type;
  using Executor = boost::asio::associated_executor_t<Handler, IoExecutor>;

 public:
  static WaitOperation* make(Arena& arena, Handler handler, const IoExecutor& io) {
    ArenaAllocator<WaitOperationFor> allocator{arena};
    WaitOperationFor* memory = allocator.allocate(1);
    return std::construct_at(memory, std::move(handler), io);
  }

  WaitOperationFor(Handler handler, const IoExecutor& io)
      : work_(boost::asio::get_associated_executor(handler, io)), handler_(std::move(handler)) {}

  void complete(Arena& arena, const ErrorCode& error, Completion completion) override {
    Executor executor = work_.get_executor();
    Invoke invoke{std::move(handler_), error, std::move(completion)};
    const auto work = std::move(work_);  // until the handler is queued
    destroy(arena);
    boost::asio::post(
        executor, boost::asio::bind_allocator(ArenaAllocator<std::byte>{arena}, std::move(invoke)));
  }

  void destroy(Arena& arena) noexcept override {
    std::destroy_at(this);
    ArenaAllocator<WaitOperationFor>{arena}.deallocate(this, 1);
  }

 private:
  struct Invoke {  // move-only, which Asio's post allows
    Handler handler;
    ErrorCode error;
    Completion completion;
    void operator()() { std::move(handler)(error, std::move(completion)); }
  };

  boost::asio::executor_work_guard<Executor> work_;
  Handler handler_;
};

}  // namespace mpiferry::transport
