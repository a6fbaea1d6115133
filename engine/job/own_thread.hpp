// Work that would block the event loop, awaited.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "engine/job/task.hpp"
#include "engine/threads/threads.hpp"

namespace mpiferry::job {

// Runs `work` on a thread of its own while everything else has its turn; an exception that it
// throws is thrown here. What it works on must not be touched meanwhile. It runs to its end, also
// when the coroutine is destroyed before. Where no thread can be had it runs here.
template <class Result>
Task<Result> on_own_thread(boost::asio::io_context& io, threads::Threads& threads,
                           std::function<Result()> work) {
  std::optional<Result> result;
  std::exception_ptr thrown;
  bool done = false;
  Event finished{io};
  const auto body = [&] {
    try {
      result.emplace(work());
    } catch (...) {
      thrown = std::current_exception();
    }
    boost::asio::post(io, [&] {
      done = true;
      finished.notify();
    });
  };
  std::unique_ptr<threads::Thread> thread;  // last: its end waits for `body`
  if (auto started = threads.start()) {
    thread = std::move(*started);
    boost::asio::post(thread->executor(), body);
  } else {
    body();
  }
  // NOLINTNEXTLINE(bugprone-infinite-loop): the handler that the thread posts changes `done`
  while (!done) co_await finished.wait();
  if (thrown) std::rethrow_exception(thrown);
  co_return std::move(*result);
}

}  // namespace mpiferry::job
