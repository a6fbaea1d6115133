// Work beside the event loop.
#include "engine/job/own_thread.hpp"

#include <cerrno>
#include <functional>
#include <stdexcept>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "tests/unit/base/without_threads.hpp"

namespace mpiferry::job {
namespace {

// What `work` gives through on_own_thread().
int run_beside(std::function<int()> work) {
  boost::asio::io_context io{1};
  threads::SystemThreads threads;
  int result = 0;
  const auto body = [](boost::asio::io_context& loop, threads::Threads& beside,
                       std::function<int()> given, int& out) -> Task<> {
    out = co_await on_own_thread(loop, beside, std::move(given));
  };
  boost::asio::co_spawn(io, body(io, threads, std::move(work), result), Rethrow{});
  io.run();
  return result;
}

TEST(OnOwnThread, gives_the_result_of_another_thread) {
  const auto here = std::this_thread::get_id();
  EXPECT_EQ(run_beside([here] { return std::this_thread::get_id() == here ? 1 : 2; }), 2);
}

TEST(OnOwnThread, throws_what_the_work_throws) {
  EXPECT_THROW(run_beside([]() -> int { throw std::runtime_error{"no"}; }), std::runtime_error);
}

TEST(OnOwnThread, does_the_work_in_place_where_no_thread_can_be_had) {
  const auto done = test::without_threads(
      [] { return run_beside([] { return 7; }) == 7 ? test::Ran::well : test::Ran::badly; });
  if (done == test::Ran::not_at_all) GTEST_SKIP() << test::kWhyThreads;
  EXPECT_EQ(done, test::Ran::well);
}

TEST(SystemThreads, say_what_to_raise_where_no_thread_can_be_had) {
  const auto refused = [] {
    threads::SystemThreads threads;
    const auto thread = threads.start();
    const bool says = !thread && thread.error().code == Errc::invalid_argument &&
                      thread.error().system_errno == EAGAIN &&
                      thread.error().hint.find("ulimit -u") != std::string::npos;
    return says ? test::Ran::well : test::Ran::badly;
  };
  const test::Ran ran = test::without_threads(refused);
  if (ran == test::Ran::not_at_all) GTEST_SKIP() << test::kWhyThreads;
  EXPECT_EQ(ran, test::Ran::well);
}

}  // namespace
}  // namespace mpiferry::job
