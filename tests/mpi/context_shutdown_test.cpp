// The end of an io_context while operations are under way: nothing is told, nothing is lost that
// MPI may still touch.
#include <memory>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>
#include <mpi.h>

#include "tests/mpi/support.hpp"

namespace mpiferry::mpi {
namespace {

using namespace std::chrono_literals;
using Executor = asio::io_context::executor_type;
constexpr asio::use_awaitable_t<Executor> use_task{};

using MpiContextShutdown = MpiTest;

TEST_F(MpiContextShutdown, nothing_was_ever_started) {
  mpi();
  io.reset();
}

TEST_F(MpiContextShutdown, receives_are_cancelled_and_nobody_is_told) {
  BufferPool pool{kSmall, 8};
  Outcome outcome;
  for (int i = 0; i < 4; ++i) wait(mpi().irecv(comm, blank(pool), kAnyRank, kTag), outcome);
  for (int i = 0; i < 3; ++i) mpi().irecv(comm, blank(pool), previous(), kTag);
  mpi().detach(mpi().irecv(comm, blank(pool), previous(), kTag));
  EXPECT_EQ(pool.in_use(), 8U);
  io.reset();
  EXPECT_EQ(outcome.calls, 0);
  EXPECT_EQ(pool.in_use(), 0U) << "MPI has let go of them";
}

TEST_F(MpiContextShutdown, a_poller_that_naps_is_no_obstacle) {
  BufferPool pool{kSmall, 1};
  Outcome outcome;
  wait(mpi().irecv(comm, blank(pool), kAnyRank, kTag), outcome);
  io->run_for(20ms);
  io.reset();
  EXPECT_EQ(outcome.calls, 0);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST_F(MpiContextShutdown, outcomes_that_were_posted_or_kept_are_dropped) {
  BufferPool pool{kSmall, 8};
  Outcome outcome;
  for (int tag = 0; tag < 2; ++tag) {
    mpi().detach(mpi().isend(comm, filled(pool, 0), 1, rank(), tag));
  }
  const Operation kept = mpi().irecv(comm, blank(pool), rank(), 0);
  const Operation posted = mpi().irecv(comm, blank(pool), rank(), 1);
  ASSERT_TRUE(run_to_end());
  wait(posted, outcome);
  static_cast<void>(kept);
  io.reset();
  EXPECT_EQ(outcome.calls, 0);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST_F(MpiContextShutdown, sends_that_somebody_takes_are_waited_for) {
  BufferPool pool{kSmall, 1};
  mpi().detach(mpi().isend(comm, filled(pool, 7), kSmall.value, next(), kTag));
  Lease lease = blank(*std::make_unique<BufferPool>(kSmall, 1));
  MPI_Request request = MPI_REQUEST_NULL;
  const auto message = lease.message();
  MPI_Irecv(message.data(), static_cast<int>(message.size()), MPI_BYTE, previous().value, kTag,
            comm.native(), &request);
  io.reset();
  EXPECT_EQ(pool.in_use(), 0U);
  MPI_Wait(&request, MPI_STATUS_IGNORE);
  EXPECT_TRUE(holds(message, 7));
}

TEST_F(MpiContextShutdown, the_buffer_of_a_send_that_nobody_took_is_never_freed) {
  BufferPool incoming{kLarge, 1};
  Outcome outcome;
  {
    BufferPool pool{kLarge, 1};
    wait(mpi().isend(comm, filled(pool, 8), kLarge.value, next(), kTag), outcome);
    io.reset();
    EXPECT_EQ(pool.in_use(), 1U) << "a leak on purpose";
  }
  EXPECT_EQ(outcome.calls, 0);
  // Everybody has given up; only now the message is taken. The pool, the context and the loop are
  // gone; the bytes are not.
  MPI_Request barrier = MPI_REQUEST_NULL;
  MPI_Ibarrier(comm.native(), &barrier);
  for (int done = 0; done == 0; std::this_thread::sleep_for(100us)) {
    MPI_Test(&barrier, &done, MPI_STATUS_IGNORE);
  }
  const Lease lease = blank(incoming);
  const auto message = lease.message();
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Irecv(message.data(), static_cast<int>(message.size()), MPI_BYTE, previous().value, kTag,
            comm.native(), &request);
  for (int done = 0; done == 0; std::this_thread::sleep_for(100us)) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
  }
  EXPECT_TRUE(holds(message, 8));
}

asio::awaitable<void, Executor> receive(MpiContext& mpi, const Communicator& comm, Lease lease,
                                        std::shared_ptr<int> local) {
  const Operation operation = mpi.irecv(comm, std::move(lease), kAnyRank, kTag);
  auto [error, completion] = co_await async_wait(mpi, operation, asio::as_tuple(use_task));
  *local = 1;
}

TEST_F(MpiContextShutdown, coroutines_that_wait_are_destroyed_with_their_locals) {
  BufferPool pool{kSmall, 3};
  const auto local = std::make_shared<int>(0);
  for (int i = 0; i < 3; ++i) {
    asio::co_spawn(*io, receive(mpi(), comm, blank(pool), local), asio::detached);
  }
  ASSERT_TRUE(run_until([this] { return mpi().outstanding() == 3; }));
  EXPECT_EQ(local.use_count(), 4);
  io.reset();
  EXPECT_EQ(local.use_count(), 1);
  EXPECT_EQ(*local, 0) << "never resumed";
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST_F(MpiContextShutdown, a_stopped_loop_may_end_in_the_middle_of_traffic) {
  BufferPool pool{kSmall, 64};
  Outcome outcome;
  for (int i = 0; i < 32; ++i) {
    wait(mpi().irecv(comm, blank(pool), rank(), kTag), outcome);
    wait(mpi().isend(comm, filled(pool, 0), kSmall.value, rank(), kTag), outcome);
  }
  for (int i = 0; i < 5; ++i) io->poll_one();
  const int told = outcome.calls;
  io->stop();
  outcome.completion = {};
  io.reset();
  EXPECT_EQ(outcome.calls, told);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST_F(MpiContextShutdown, a_context_that_ends_leaves_another_one_alone) {
  BufferPool pool{kSmall, 3};
  asio::io_context other{1};
  Outcome mine;
  Outcome others;
  auto& other_mpi = asio::use_service<MpiContext>(other);
  wait(mpi().irecv(comm, blank(pool), rank(), 1), mine);
  async_wait(other_mpi, other_mpi.irecv(comm, blank(pool), rank(), 2), Note{&others});
  io.reset();
  other_mpi.detach(other_mpi.isend(comm, filled(pool, 3), kSmall.value, rank(), 2));
  other.run_for(kPatience);
  EXPECT_EQ(mine.calls, 0);
  EXPECT_EQ(others.calls, 1);
  EXPECT_TRUE(holds(others.completion.lease.message(), 3));
}

}  // namespace
}  // namespace mpiferry::mpi
