// Messages as Asio operations: these tests show what arrives, what is reported, what fails, and
// when run() ends.
#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include "engine/mpi/mpi_context.hpp"
#include "tests/mpi/support.hpp"

namespace mpiferry::mpi {
namespace {

using namespace std::chrono_literals;
using Executor = asio::io_context::executor_type;
constexpr asio::use_awaitable_t<Executor> use_task{};

struct Rethrow {
  void operator()(std::exception_ptr error) const {
    if (error) std::rethrow_exception(error);
  }
};

using MpiContextTest = MpiTest;

asio::awaitable<void, Executor> receive_one(MpiContext& mpi, const Communicator& comm, Lease lease,
                                            Rank from, std::uint32_t seed, int& done) {
  const Operation operation = mpi.irecv(comm, std::move(lease), from, kTag);
  auto [error, completion] = co_await async_wait(mpi, operation, asio::as_tuple(use_task));
  EXPECT_FALSE(error) << completion.failure(error).message();
  EXPECT_EQ(completion.peer, from);
  EXPECT_EQ(completion.tag, kTag);
  EXPECT_EQ(completion.bytes, completion.lease.message().size());
  EXPECT_TRUE(holds(completion.lease.message(), seed));
  ++done;
}

asio::awaitable<void, Executor> send_one(MpiContext& mpi, const Communicator& comm, Lease lease,
                                         Rank to, int& done) {
  const std::size_t bytes = lease.payload().size();
  const Operation operation = mpi.isend(comm, std::move(lease), bytes, to, kTag);
  auto [error, completion] = co_await async_wait(mpi, operation, asio::as_tuple(use_task));
  EXPECT_FALSE(error) << completion.failure(error).message();
  EXPECT_EQ(completion.peer, to);
  EXPECT_TRUE(completion.lease);
  ++done;
}

TEST_F(MpiContextTest, messages_of_all_sizes_travel_between_all_ranks) {
  for (const Bytes size : {0_B, 1_B, 1_KiB, 64_KiB, 1_MiB}) {
    BufferPool pool{size, 64};
    const int ranks = comm.size();
    int done = 0;
    for (int peer = 0; peer < ranks; ++peer) {
      const auto incoming = static_cast<std::uint32_t>(peer * ranks + rank().value);
      const auto outgoing = static_cast<std::uint32_t>(rank().value * ranks + peer);
      asio::co_spawn(*io, receive_one(mpi(), comm, blank(pool), Rank{peer}, incoming, done),
                     Rethrow{});
      asio::co_spawn(*io, send_one(mpi(), comm, filled(pool, outgoing), Rank{peer}, done),
                     Rethrow{});
    }
    ASSERT_TRUE(run_to_end());
    EXPECT_EQ(done, 2 * ranks);
    EXPECT_EQ(pool.in_use(), 0U);
    EXPECT_EQ(mpi().outstanding(), 0U);
  }
}

TEST_F(MpiContextTest, a_shorter_message_tells_its_length_and_any_rank_learns_the_sender) {
  BufferPool pool{1_KiB, 2};
  Outcome received;
  Outcome sent;
  wait(mpi().irecv(comm, blank(pool), kAnyRank, kTag), received);
  wait(mpi().isend(comm, filled(pool, 5), 10, next(), kTag), sent);
  ASSERT_TRUE(run_to_end());
  EXPECT_FALSE(received.error);
  EXPECT_EQ(received.completion.bytes, kHeaderSize + 10);
  EXPECT_EQ(received.completion.peer, previous());
  EXPECT_TRUE(holds(received.completion.lease.message(10), 5));
  EXPECT_EQ(received.completion.lease.payload()[10], std::byte{0}) << "and no more";
}

TEST_F(MpiContextTest, ten_thousand_requests_complete_once_each_and_in_order) {
  constexpr std::uint32_t kMessages = 5000;
  BufferPool pool{64_B, 2 * kMessages};
  std::vector<Outcome> received(kMessages);
  std::vector<Outcome> sent(kMessages);
  for (std::uint32_t i = 0; i < kMessages; ++i) {
    wait(mpi().irecv(comm, blank(pool), previous(), kTag), received[i]);
    wait(mpi().isend(comm, filled(pool, i), 64, next(), kTag), sent[i]);
  }
  EXPECT_EQ(mpi().outstanding(), 2 * kMessages);
  ASSERT_TRUE(run_to_end());
  EXPECT_EQ(mpi().outstanding(), 0U);
  for (std::uint32_t i = 0; i < kMessages; ++i) {
    ASSERT_EQ(sent[i].calls, 1);
    ASSERT_EQ(received[i].calls, 1);
    ASSERT_TRUE(holds(received[i].completion.lease.message(), i)) << i;
  }
}

TEST_F(MpiContextTest, an_outcome_is_kept_for_who_waits_later_and_told_outside_of_the_call) {
  BufferPool pool{kSmall, 2};
  const Operation receive = mpi().irecv(comm, blank(pool), previous(), kTag);
  mpi().detach(mpi().isend(comm, filled(pool, 1), kSmall.value, next(), kTag));
  ASSERT_TRUE(run_to_end()) << "what nobody waits for does not keep run() from ending";
  EXPECT_EQ(mpi().outstanding(), 0U);
  EXPECT_EQ(pool.in_use(), 1U) << "the message is kept";

  Outcome outcome;
  wait(receive, outcome);
  EXPECT_EQ(outcome.calls, 0) << "never from within async_wait";
  ASSERT_TRUE(run_to_end());
  EXPECT_EQ(outcome.calls, 1);
  EXPECT_TRUE(holds(outcome.completion.lease.message(), 1));
}

TEST_F(MpiContextTest, the_lease_stays_with_mpi_until_the_message_is_there) {
  BufferPool pool{kSmall, 1};
  BufferPool outgoing{kSmall, 1};
  Outcome received;
  wait(mpi().irecv(comm, blank(pool), previous(), kTag), received);
  EXPECT_FALSE(pool.try_acquire().has_value());
  mpi().detach(mpi().isend(comm, filled(outgoing, 0), kSmall.value, next(), kTag));
  ASSERT_TRUE(run_to_end());
  EXPECT_EQ(pool.in_use(), 1U) << "now the handler has it";
  received = {};
  EXPECT_EQ(pool.in_use(), 0U);
  EXPECT_EQ(outgoing.in_use(), 0U);
}

TEST_F(MpiContextTest, run_ends_at_once_when_nothing_was_started) {
  mpi();
  ASSERT_TRUE(run_to_end());
  EXPECT_EQ(mpi().tests(), 0U);
}

// Each rank sends to itself, because the others do not reach the same line at the same time.
TEST_F(MpiContextTest, run_does_not_end_before_a_receive_that_is_waited_for) {
  BufferPool pool{kSmall, 2};
  Outcome received;
  wait(mpi().irecv(comm, blank(pool), rank(), kTag), received);
  io->run_for(30ms);
  EXPECT_FALSE(io->stopped());
  EXPECT_EQ(received.calls, 0);
  mpi().detach(mpi().isend(comm, filled(pool, 0), kSmall.value, rank(), kTag));
  ASSERT_TRUE(run_to_end());
  EXPECT_EQ(received.calls, 1);
}

TEST_F(MpiContextTest, run_does_not_end_before_a_send_that_nobody_waits_for) {
  BufferPool pool{kLarge, 2};
  mpi().detach(mpi().isend(comm, filled(pool, 3), kLarge.value, rank(), kTag));
  io->run_for(30ms);
  EXPECT_FALSE(io->stopped());
  Outcome received;
  wait(mpi().irecv(comm, blank(pool), rank(), kTag), received);
  ASSERT_TRUE(run_to_end());
  EXPECT_TRUE(holds(received.completion.lease.message(), 3));
  EXPECT_EQ(mpi().outstanding(), 0U);
}

TEST_F(MpiContextTest, works_again_after_run_has_ended) {
  BufferPool pool{kSmall, 2};
  for (int round = 0; round < 3; ++round) {
    Outcome received;
    wait(mpi().irecv(comm, blank(pool), previous(), kTag), received);
    mpi().detach(mpi().isend(comm, filled(pool, 0), kSmall.value, next(), kTag));
    ASSERT_TRUE(run_to_end());
    EXPECT_EQ(received.calls, 1);
  }
}

TEST_F(MpiContextTest, a_send_that_cannot_start_is_told_to_who_waits) {
  BufferPool pool{kSmall, 1};
  Outcome sent;
  wait(mpi().isend(comm, filled(pool, 0), 1, Rank{comm.size()}, kTag), sent);
  EXPECT_EQ(sent.calls, 0);
  ASSERT_TRUE(run_to_end());
  ASSERT_EQ(sent.calls, 1);
  ASSERT_TRUE(sent.error);
  EXPECT_TRUE(sent.completion.lease) << "MPI never had it";
  const Failure failure = sent.completion.failure(sent.error);
  EXPECT_EQ(failure.code, Errc::mpi_failed);
  const std::string text = failure.message();
  EXPECT_NE(text.find("MPI_Isend"), std::string::npos) << text;
  EXPECT_NE(text.find("rank " + std::to_string(comm.size()) + ", tag 11"), std::string::npos)
      << text;
}

TEST_F(MpiContextTest, a_receive_that_cannot_start_is_told_to_who_waits) {
  BufferPool pool{kSmall, 1};
  Outcome received;
  wait(mpi().irecv(comm, blank(pool), Rank{comm.size()}, kTag), received);
  ASSERT_TRUE(run_to_end());
  ASSERT_TRUE(received.error);
  const std::string text = received.completion.failure(received.error).message();
  EXPECT_NE(text.find("MPI_Irecv"), std::string::npos) << text;
}

TEST_F(MpiContextTest, what_could_not_start_from_any_rank_names_no_rank) {
  BufferPool pool{kSmall, 1};
  Outcome received;
  wait(mpi().irecv(comm, blank(pool), kAnyRank, -5), received);
  ASSERT_TRUE(run_to_end());
  ASSERT_TRUE(received.error);
  const std::string text = received.completion.failure(received.error).message();
  EXPECT_EQ(text.find("rank -2"), std::string::npos) << text;
}

TEST_F(MpiContextTest, a_message_too_long_is_told_with_its_place_and_disturbs_no_other) {
  BufferPool small{kSmall, 2};
  BufferPool large{4_KiB, 4};
  std::array<Outcome, 2> truncated;
  std::array<Outcome, 2> whole;
  wait(mpi().irecv(comm, blank(large), previous(), 1), whole[0]);
  wait(mpi().irecv(comm, blank(small), previous(), 22), truncated[0]);
  wait(mpi().irecv(comm, blank(small), kAnyRank, 23), truncated[1]);
  wait(mpi().irecv(comm, blank(large), previous(), 2), whole[1]);
  BufferPool outgoing{4_KiB, 4};
  for (const int tag : {22, 23, 1, 2}) {
    mpi().detach(mpi().isend(comm, filled(outgoing, 9), 4096, next(), tag));
  }
  ASSERT_TRUE(run_to_end());
  for (const Outcome& outcome : whole) {
    EXPECT_FALSE(outcome.error);
    EXPECT_TRUE(holds(outcome.completion.lease.message(), 9));
  }
  for (std::size_t i = 0; i < truncated.size(); ++i) {
    ASSERT_EQ(truncated[i].calls, 1);
    ASSERT_TRUE(truncated[i].error);
    EXPECT_TRUE(truncated[i].completion.lease);
    const std::string text = truncated[i].completion.failure(truncated[i].error).message();
    const std::string place =
        "rank " + std::to_string(previous().value) + ", tag " + std::to_string(22 + i);
    EXPECT_NE(text.find("MPI_Testsome: " + place), std::string::npos) << text;
    EXPECT_NE(text.find("truncated"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace mpiferry::mpi
