// A worker's signs of life: ten a second at most, and never two under way.
#include "engine/roles/heartbeat.hpp"

#include <chrono>

#include "tests/mpi/support.hpp"

namespace mpiferry::roles {
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

  Observer observer;
  protocol::WorkerFsm fsm;
  Event changed{*io};
  ControlSender control{mpi(), comm, 1, [this](const Failure& it) { fail(it); }};
  Post post{.context = mpi(),
            .communicator = comm,
            .observer = observer,
            .control = control,
            .fsm = fsm,
            .changed = changed,
            .fail = [this](const Failure& it) { fail(it); },
            .take_end = {},
            .host = "",
            .build = "",
            .job_id = 7};
};

TEST_F(HeartbeatTest, tells_the_master_ten_times_a_second) {
  const auto now = Heartbeat::Clock::now();
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
  Heartbeat heartbeat{post};
  heartbeat.beat(now);  // too early
  for (const auto later : {200ms, 400ms}) {
    heartbeat.beat(now + later);
    heartbeat.beat(now + later);         // said already
    heartbeat.beat(now + later + 90ms);  // too early again
    EXPECT_TRUE(run_to_end()) << "the message has left";
  }
  control.send(kMaster, wire::Tag::status, wire::Kind::closed, 7, wire::Closed{});
  EXPECT_TRUE(run_to_end());
}

}  // namespace
}  // namespace mpiferry::roles
