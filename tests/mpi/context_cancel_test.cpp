// The early end of operations: cancelled receives, sends that cannot be taken back.
#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>
#include <mpi.h>

#include "tests/mpi/support.hpp"

namespace mpiferry::mpi {
namespace {

using namespace std::chrono_literals;
using Executor = asio::io_context::executor_type;
constexpr asio::use_awaitable_t<Executor> use_task{};
constexpr int kForward = 12;
constexpr int kBackward = 13;

class MpiContextCancel : public MpiTest {
 protected:
  // Goes on when both neighbours are here, too: the one that this rank sends to, and the one that
  // sends to it.
  void shake_hands() {
    std::array<Outcome, 2> words_of;
    wait(mpi().irecv(comm, blank(words), previous(), kForward), words_of[0]);
    wait(mpi().irecv(comm, blank(words), next(), kBackward), words_of[1]);
    mpi().detach(mpi().isend(comm, blank(words), 0, next(), kForward));
    mpi().detach(mpi().isend(comm, blank(words), 0, previous(), kBackward));
    EXPECT_TRUE(run_until([&] { return words_of[0].calls + words_of[1].calls == 2; }));
  }

  BufferPool words{0_B, 8};
};

TEST_F(MpiContextCancel, a_cancelled_receive_is_aborted_and_gives_its_lease_back) {
  BufferPool pool{kSmall, 1};
  Outcome received;
  const Operation operation = mpi().irecv(comm, blank(pool), kAnyRank, kTag);
  wait(operation, received);
  mpi().cancel(operation);
  EXPECT_EQ(received.calls, 0) << "never from within the call";
  ASSERT_TRUE(run_to_end());
  EXPECT_EQ(received.calls, 1);
  EXPECT_EQ(received.error, asio::error::operation_aborted);
  EXPECT_TRUE(received.completion.lease);
  EXPECT_EQ(mpi().outstanding(), 0U);
}

TEST_F(MpiContextCancel, a_receive_may_be_cancelled_twice_and_before_anybody_waits) {
  BufferPool pool{kSmall, 1};
  Outcome received;
  const Operation operation = mpi().irecv(comm, blank(pool), previous(), kTag);
  mpi().cancel(operation);
  mpi().cancel(operation);
  wait(operation, received);
  ASSERT_TRUE(run_to_end());
  EXPECT_EQ(received.calls, 1);
  EXPECT_EQ(received.error, asio::error::operation_aborted);
}

TEST_F(MpiContextCancel, a_cancelled_receive_takes_no_message) {
  BufferPool pool{kSmall, 3};
  Outcome first;
  Outcome second;
  const Operation operation = mpi().irecv(comm, blank(pool), previous(), kTag);
  wait(operation, first);
  mpi().cancel(operation);
  ASSERT_TRUE(run_until([&first] { return first.calls == 1; }));
  ASSERT_EQ(first.error, asio::error::operation_aborted);
  shake_hands();
  wait(mpi().irecv(comm, blank(pool), previous(), kTag), second);
  mpi().detach(mpi().isend(comm, filled(pool, 1), kSmall.value, next(), kTag));
  ASSERT_TRUE(run_to_end());
  EXPECT_FALSE(second.error);
  EXPECT_TRUE(holds(second.completion.lease.message(), 1));
}

TEST_F(MpiContextCancel, a_cancel_after_the_message_delivers_it) {
  BufferPool pool{kSmall, 2};
  mpi().detach(mpi().isend(comm, filled(pool, 4), kSmall.value, next(), kTag));
  for (int there = 0; there == 0; std::this_thread::yield()) {
    MPI_Iprobe(previous().value, kTag, comm.native(), &there, MPI_STATUS_IGNORE);
  }
  Outcome received;
  const Operation operation = mpi().irecv(comm, blank(pool), previous(), kTag);
  wait(operation, received);
  mpi().cancel(operation);  // MPI has matched it, Testsome has not told it yet
  ASSERT_TRUE(run_to_end());
  EXPECT_EQ(received.calls, 1);
  EXPECT_FALSE(received.error);
  EXPECT_TRUE(holds(received.completion.lease.message(), 4));
}

TEST_F(MpiContextCancel, a_cancel_after_the_completion_changes_nothing) {
  BufferPool pool{kSmall, 2};
  const Operation operation = mpi().irecv(comm, blank(pool), previous(), kTag);
  mpi().detach(mpi().isend(comm, filled(pool, 4), kSmall.value, next(), kTag));
  ASSERT_TRUE(run_to_end());
  mpi().cancel(operation);
  Outcome received;
  wait(operation, received);
  ASSERT_TRUE(run_to_end());
  EXPECT_FALSE(received.error);
  EXPECT_TRUE(holds(received.completion.lease.message(), 4));
}

TEST_F(MpiContextCancel, the_name_of_an_operation_that_is_over_cancels_no_later_one) {
  BufferPool pool{kSmall, 2};
  const Operation old = mpi().irecv(comm, blank(pool), rank(), kTag);
  mpi().cancel(old);
  Outcome outcome;
  wait(old, outcome);
  ASSERT_TRUE(run_to_end());
  outcome = {};

  const Operation operation = mpi().irecv(comm, blank(pool), rank(), kTag);
  ASSERT_EQ(operation.slot, old.slot) << "the same slot";
  wait(operation, outcome);
  mpi().cancel(old);
  mpi().detach(old);
  mpi().detach(mpi().isend(comm, filled(pool, 0), kSmall.value, rank(), kTag));
  ASSERT_TRUE(run_to_end());
  EXPECT_EQ(outcome.calls, 1);
  EXPECT_FALSE(outcome.error);
}

// A send of 8 MiB that is given up in one way or another before the receiver asks for it.
class MpiContextGivenUp : public MpiContextCancel {
 protected:
  Operation send() { return mpi().isend(comm, filled(outgoing, 6), kLarge.value, next(), kTag); }
  void expect_lease_with_mpi() {
    EXPECT_EQ(outgoing.in_use(), 1U);
    io->restart();
    io->run_for(20ms);
    EXPECT_EQ(outgoing.in_use(), 1U) << "MPI may still read it";
    EXPECT_EQ(mpi().outstanding(), 1U);
  }
  // Now the receiver takes the message: whole, and only then the buffer is free.
  void expect_delivery() {
    shake_hands();
    Outcome received;
    wait(mpi().irecv(comm, blank(incoming), previous(), kTag), received);
    ASSERT_TRUE(run_to_end());
    EXPECT_FALSE(received.error);
    EXPECT_TRUE(holds(received.completion.lease.message(), 6));
    EXPECT_EQ(outgoing.in_use(), 0U);
    EXPECT_EQ(mpi().outstanding(), 0U);
  }

  BufferPool outgoing{kLarge, 1};
  BufferPool incoming{kLarge, 1};
};

TEST_F(MpiContextGivenUp, a_cancelled_send_aborts_its_wait_at_once_and_still_arrives) {
  Outcome sent;
  const Operation operation = send();
  wait(operation, sent);
  mpi().cancel(operation);
  ASSERT_TRUE(run_until([&sent] { return sent.calls == 1; }));
  EXPECT_EQ(sent.error, asio::error::operation_aborted);
  EXPECT_FALSE(sent.completion.lease);
  EXPECT_EQ(sent.completion.peer, next());
  expect_lease_with_mpi();
  expect_delivery();
  EXPECT_EQ(sent.calls, 1) << "told once";
}

TEST_F(MpiContextGivenUp, a_detached_send_still_arrives) {
  mpi().detach(send());
  expect_lease_with_mpi();
  expect_delivery();
}

TEST_F(MpiContextGivenUp, a_slot_that_emits_cancels_the_wait_of_a_send) {
  asio::cancellation_signal signal;
  Outcome sent;
  async_wait(mpi(), send(), asio::bind_cancellation_slot(signal.slot(), Note{&sent}));
  signal.emit(asio::cancellation_type::terminal);
  ASSERT_TRUE(run_until([&sent] { return sent.calls == 1; }));
  EXPECT_EQ(sent.error, asio::error::operation_aborted);
  expect_delivery();
}

TEST_F(MpiContextCancel, a_detached_receive_takes_its_message_to_the_grave) {
  BufferPool pool{kSmall, 2};
  mpi().detach(mpi().irecv(comm, blank(pool), previous(), kTag));
  mpi().detach(mpi().isend(comm, filled(pool, 0), kSmall.value, next(), kTag));
  ASSERT_TRUE(run_to_end());
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST_F(MpiContextCancel, an_operation_that_is_complete_is_detached_at_once) {
  BufferPool pool{kSmall, 2};
  const Operation receive = mpi().irecv(comm, blank(pool), previous(), kTag);
  mpi().detach(mpi().isend(comm, filled(pool, 0), kSmall.value, next(), kTag));
  ASSERT_TRUE(run_to_end());
  ASSERT_EQ(pool.in_use(), 1U);
  mpi().detach(receive);
  EXPECT_EQ(pool.in_use(), 0U);
}

asio::awaitable<void, Executor> receive_until_cancelled(MpiContext& mpi, const Communicator& comm,
                                                        Lease lease, ErrorCode& seen) {
  const Operation operation = mpi.irecv(comm, std::move(lease), kAnyRank, kTag);
  auto [error, completion] = co_await async_wait(mpi, operation, asio::as_tuple(use_task));
  seen = error;
}

struct Count {
  int* calls;
  void operator()(std::exception_ptr error) const {
    EXPECT_FALSE(error);
    ++*calls;
  }
};

TEST_F(MpiContextCancel, a_coroutine_that_is_cancelled_sees_its_receive_aborted) {
  BufferPool pool{kSmall, 1};
  asio::cancellation_signal signal;
  ErrorCode seen;
  int ended = 0;
  asio::co_spawn(*io, receive_until_cancelled(mpi(), comm, blank(pool), seen),
                 asio::bind_cancellation_slot(signal.slot(), Count{&ended}));
  ASSERT_TRUE(run_until([this] { return mpi().outstanding() == 1; }));
  signal.emit(asio::cancellation_type::terminal);
  ASSERT_TRUE(run_to_end());
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(seen, asio::error::operation_aborted);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST_F(MpiContextCancel, a_timer_that_wins_a_race_cancels_the_receive) {
  BufferPool pool{kSmall, 1};
  asio::steady_timer timer{*io, 5ms};
  const Operation operation = mpi().irecv(comm, blank(pool), kAnyRank, kTag);
  int ended = 0;
  asio::experimental::make_parallel_group(timer.async_wait(asio::deferred),
                                          async_wait(mpi(), operation, asio::deferred))
      .async_wait(asio::experimental::wait_for_one(),
                  [&ended](std::array<std::size_t, 2> order, ErrorCode timer_error, ErrorCode error,
                           const Completion& completion) {
                    ++ended;
                    EXPECT_EQ(order[0], 0U);
                    EXPECT_FALSE(timer_error);
                    EXPECT_EQ(error, asio::error::operation_aborted);
                    EXPECT_TRUE(completion.lease);
                  });
  ASSERT_TRUE(run_to_end());
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST_F(MpiContextCancel, a_message_that_wins_a_race_cancels_the_timer) {
  BufferPool pool{kSmall, 2};
  asio::steady_timer timer{*io, 1h};
  const Operation operation = mpi().irecv(comm, blank(pool), previous(), kTag);
  mpi().detach(mpi().isend(comm, filled(pool, 2), kSmall.value, next(), kTag));
  int ended = 0;
  asio::experimental::make_parallel_group(timer.async_wait(asio::deferred),
                                          async_wait(mpi(), operation, asio::deferred))
      .async_wait(asio::experimental::wait_for_one(),
                  [&ended](std::array<std::size_t, 2> order, ErrorCode timer_error, ErrorCode error,
                           const Completion& completion) {
                    ++ended;
                    EXPECT_EQ(order[0], 1U);
                    EXPECT_EQ(timer_error, asio::error::operation_aborted);
                    EXPECT_FALSE(error);
                    EXPECT_TRUE(holds(completion.lease.message(), 2));
                  });
  ASSERT_TRUE(run_to_end());
  EXPECT_EQ(ended, 1);
}

}  // namespace
}  // namespace mpiferry::mpi
