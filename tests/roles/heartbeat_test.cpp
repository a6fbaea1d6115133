// A worker gives at most ten signs of life a second, and never has two under way.
#include "engine/job/heartbeat.hpp"

#include <chrono>

#include "engine/mpi/mpi_transport.hpp"
#include "tests/mpi/support.hpp"
#include "tests/support/manual_clock.hpp"

namespace mpiferry::job {
namespace {

using namespace std::chrono_literals;

class HeartbeatTest : public mpi::MpiTest {
 protected:
  void fail(const Failure& failure) { ADD_FAILURE() << failure.message(); }
  // What rank 0 has received by the time at which everybody has sent all.
  mpi::Outcome receive(BufferPool& pool) {
    mpi::Outcome heard;
    wait(mpi().irecv(comm, *pool.try_acquire(), mpi::kAnyRank, kStatusTag), heard);
    EXPECT_TRUE(run_until([&] { return heard.calls == 1; }));
    return heard;
  }

  mpi::MpiTransport transport{mpi(), comm};
  OnError on_error = [this](const Failure& it) { fail(it); };
  Event changed{*io};
  ControlSender control{transport, 1, changed, on_error};
  clock::test::ManualClock clock;
};

TEST_F(HeartbeatTest, tells_the_master_ten_times_a_second) {
  if (rank() == kMaster) {
    BufferPool pool{wire::kControlPayload, 1};
    int busy = 0;
    for (int closed = 0; closed < comm.size() - 1;) {
      const mpi::Outcome heard = receive(pool);
      ASSERT_FALSE(heard.error);
      const auto message = open_message(heard.completion, 7);
      ASSERT_TRUE(message);
      ++(message->header.kind == wire::Kind::busy ? busy : closed);
    }
    EXPECT_EQ(busy, 2 * (comm.size() - 1));
    return;
  }
  WorkerHeartbeat heartbeat{transport, clock, changed, on_error};
  heartbeat.beat(7);  // too early
  for (int i = 0; i < 2; ++i) {
    clock.time += 200ms;
    heartbeat.beat(7);
    heartbeat.beat(7);  // said already
    clock.time += 90ms;
    heartbeat.beat(7);  // too early again
    EXPECT_TRUE(run_to_end()) << "the message has left";
  }
  control.send(kMaster, wire::Tag::status, wire::Kind::closed, 7, wire::Closed{});
  EXPECT_TRUE(run_to_end());
}

}  // namespace
}  // namespace mpiferry::job
