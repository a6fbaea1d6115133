// What coroutines of a job are made of.
#pragma once

#include <exception>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace mpiferry::job {

// The concrete executor: any_io_executor would cost an allocation and an indirection an operation.
using Executor = boost::asio::io_context::executor_type;
template <class T = void>
using Task = boost::asio::awaitable<T, Executor>;
inline constexpr boost::asio::use_awaitable_t<Executor> kUseTask{};
// `auto [error, ...] = co_await async_x(..., kAsTuple);`
inline constexpr auto kAsTuple = boost::asio::as_tuple(kUseTask);

// For co_spawn: an exception that leaves a coroutine leaves io_context::run(), too.
struct Rethrow {
  void operator()(const std::exception_ptr& error) const {
    if (error) std::rethrow_exception(error);
  }
};

// Lets everything else that is ready, the MPI poller among it, have its turn first.
inline auto yield_turn(boost::asio::io_context& io) { return boost::asio::post(io, kUseTask); }

// "Something has changed": waiters look again at what they wait for. Not a semaphore: a notify
// without waiters is forgotten, so look first, then wait.
class Event {
 public:
  explicit Event(boost::asio::io_context& io)
      : timer_(io, boost::asio::steady_timer::time_point::max()) {}

  void notify() { timer_.cancel(); }
  auto wait() { return timer_.async_wait(kAsTuple); }

 private:
  boost::asio::steady_timer timer_;
};

}  // namespace mpiferry::job
