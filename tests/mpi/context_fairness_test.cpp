// The poller and the handlers share one thread: neither starves the other, and idleness is cheap.
// Messages go to oneself, so that every rank is tested alone.
#include <chrono>
#include <ctime>
#include <vector>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "engine/mpi/mpi_transport.hpp"
#include "tests/mpi/support.hpp"

namespace mpiferry::mpi {
namespace {

using namespace std::chrono_literals;

// Posts itself until it has run `left` times, or for ever if that is negative.
struct Chain {
  asio::io_context* io;
  int* left;
  void operator()() const {
    if (*left == 0) return;
    --*left;
    asio::post(*io, *this);
  }
};

class MpiContextFairness : public MpiTest {
 protected:
  Operation receive() { return mpi().irecv(comm, blank(incoming), rank(), kTag); }
  void send() { mpi().detach(mpi().isend(comm, blank(outgoing), kSmall.value, rank(), kTag)); }
  void end(Operation operation) {
    mpi().cancel(operation);
    ASSERT_TRUE(run_to_end());
  }

  BufferPool incoming{kSmall, 16};
  BufferPool outgoing{kSmall, 16};
};

// Sends itself a message for each that arrived: there is always a completion at hand.
struct Circle {
  MpiContext* mpi;
  const Communicator* comm;
  BufferPool* pool;
  bool* go_on;
  int* rounds;
  void start() const {
    mpi->detach(mpi->isend(*comm, *pool->try_acquire(), 1, comm->rank(), kTag));
    const Operation operation = mpi->irecv(*comm, *pool->try_acquire(), comm->rank(), kTag);
    async_wait(*mpi, operation, *this);
  }
  void operator()(ErrorCode error, Completion completion) const {
    EXPECT_FALSE(error);
    completion.lease.reset();
    ++*rounds;
    if (*go_on) start();
  }
};

TEST_F(MpiContextFairness, an_idle_poller_does_not_starve_posted_handlers) {
  const Operation operation = receive();
  Outcome outcome;
  wait(operation, outcome);
  int left = 10'000;
  asio::post(*io, Chain{&*io, &left});
  EXPECT_TRUE(run_until([&left] { return left == 0; }));
  EXPECT_GT(mpi().tests(), 0U) << "nor did the handlers starve the poller";
  end(operation);
}

TEST_F(MpiContextFairness, a_busy_poller_does_not_starve_posted_handlers) {
  bool go_on = true;
  int rounds = 0;
  Circle{&mpi(), &comm, &incoming, &go_on, &rounds}.start();
  int left = 1000;
  asio::post(*io, Chain{&*io, &left});
  EXPECT_TRUE(run_until([&left] { return left == 0; }));
  EXPECT_GT(rounds, 0);
  go_on = false;
  EXPECT_TRUE(run_to_end());
  EXPECT_EQ(incoming.in_use(), 0U);
}

TEST_F(MpiContextFairness, a_busy_poller_does_not_starve_timers) {
  bool go_on = true;
  int rounds = 0;
  Circle{&mpi(), &comm, &incoming, &go_on, &rounds}.start();
  bool rang = false;
  asio::steady_timer timer{*io, 5ms};
  timer.async_wait([&rang](ErrorCode) { rang = true; });
  EXPECT_TRUE(run_until([&rang] { return rang; }));
  go_on = false;
  EXPECT_TRUE(run_to_end());
}

TEST_F(MpiContextFairness, handlers_that_post_themselves_for_ever_do_not_starve_the_poller) {
  int left = -1;
  asio::post(*io, Chain{&*io, &left});
  for (int i = 0; i < 100; ++i) {
    Outcome outcome;
    wait(receive(), outcome);
    send();
    ASSERT_TRUE(run_until([&outcome] { return outcome.calls == 1; }));
  }
  left = 0;
  EXPECT_TRUE(run_to_end());
}

TEST_F(MpiContextFairness, a_nap_does_not_outlast_handlers_that_post_themselves) {
  Outcome outcome;
  wait(receive(), outcome);
  io->run_for(20ms);  // it naps by now
  int left = -1;
  asio::post(*io, Chain{&*io, &left});
  send();
  EXPECT_TRUE(run_until([&outcome] { return outcome.calls == 1; }));
  left = 0;
  EXPECT_TRUE(run_to_end());
}

TEST_F(MpiContextFairness, an_idle_poller_leaves_the_core_to_others) {
  const Operation operation = receive();
  Outcome outcome;
  wait(operation, outcome);
  io->run_for(20ms);
  const std::clock_t cpu = std::clock();
  io->restart();
  io->run_for(300ms);
  const double busy = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  EXPECT_LT(busy, 0.2) << "of 0.3 s; a poller that spins takes all";
  end(operation);
}

TEST_F(MpiContextFairness, a_poller_kept_busy_does_not_nap) {
  mpi().set_backoff({.spins = 0, .yields = 0, .first_nap = 500ms, .longest_nap = 500ms});
  const Operation operation = receive();
  Outcome outcome;
  wait(operation, outcome);
  {
    MpiTransport transport{mpi(), comm};
    const transport::BusyGuard busy{transport};
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(io->poll_one(), 1U) << "a visit is always posted";
  }
  io->poll();
  EXPECT_EQ(io->poll_one(), 0U) << "and once nobody keeps it busy, it naps";
  end(operation);
}

// MPI moves a large message in pieces, one a test (UCX: 512 KiB). Whoever naps between them takes a
// nap a piece.
TEST_F(MpiContextFairness, a_poller_does_not_nap_while_a_message_is_moving) {
  if (comm.size() == 1) GTEST_SKIP() << "SKIPPED: a message to oneself does not move in pieces";
  constexpr std::uint64_t kPieces = kLarge.value / (512_KiB).value;
  BufferPool pool{kLarge, 2};
  mpi().set_backoff({.spins = 0, .yields = 0, .first_nap = 100ms, .longest_nap = 100ms});
  Outcome received;
  Outcome sent;
  wait(mpi().irecv(comm, blank(pool), previous(), kTag), received);
  wait(mpi().isend(comm, filled(pool, 7), kLarge.value, next(), kTag), sent);
  ASSERT_TRUE(run_to_end());
  EXPECT_TRUE(holds(received.completion.lease.message(), 7));
  EXPECT_LT(mpi().naps(), kPieces / 2) << "one until it begins, one until both know that it ended";
}

TEST_F(MpiContextFairness, work_of_ones_own_does_not_shorten_the_next_naps) {
  mpi().set_backoff({.spins = 0, .yields = 0, .first_nap = 1ms, .longest_nap = 10s});
  const Operation operation = receive();
  Outcome outcome;
  wait(operation, outcome);
  constexpr int kSpells = 5;
  const auto before = mpi().naps();
  for (int i = 0; i < kSpells; ++i) {
    io->restart();
    io->run_for(100ms);
    MpiTransport transport{mpi(), comm};
    const transport::BusyGuard busy{transport};
    io->poll_one();
  }
  EXPECT_GE(mpi().naps() - before, 5U);
  EXPECT_LT(mpi().naps() - before, 7U + 2 * kSpells) << "from 1 ms on each time it would be 35";
  end(operation);
}

TEST_F(MpiContextFairness, a_nap_ends_early_when_something_is_started) {
  const Operation operation = receive();
  Outcome outcome;
  wait(operation, outcome);
  int asleep = 0;
  for (int i = 0; i < 200; ++i) {
    io->restart();
    io->run_for(2ms);
    while (io->poll() != 0) continue;  // nothing is ready: it naps
    const auto before = mpi().tests();
    io->poll();
    if (mpi().tests() != before) continue;  // that nap was just over
    ++asleep;
    const Operation other = mpi().irecv(comm, blank(incoming), rank(), kTag + 1);
    io->poll();
    EXPECT_GT(mpi().tests(), before);
    mpi().cancel(other);
    mpi().detach(other);
  }
  EXPECT_GT(asleep, 0);
  end(operation);
}

TEST_F(MpiContextFairness, many_requests_share_one_test) {
  std::vector<Operation> operations;
  for (int i = 0; i < 16; ++i) {
    operations.push_back(receive());
    mpi().detach(operations.back());
  }
  const auto before = mpi().tests();
  io->poll_one();
  EXPECT_EQ(mpi().tests(), before + 1);
  for (const Operation operation : operations) mpi().cancel(operation);
  EXPECT_TRUE(run_to_end());
}

}  // namespace
}  // namespace mpiferry::mpi
