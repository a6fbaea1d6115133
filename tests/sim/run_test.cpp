// The checks of buffers, of the network and of a whole run can fail, too.
#include "tests/sim/run.hpp"

#include <chrono>
#include <vector>

#include <gtest/gtest.h>

#include "tests/sim/buffer.hpp"
#include "tests/sim/checks.hpp"
#include "tests/sim/message.hpp"
#include "tests/sim/network.hpp"

namespace mpiferry::sim {
namespace {

using namespace std::chrono_literals;

TEST_F(Checks, a_lent_buffer_can_not_be_touched) {
  Pool pool{1};
  Buffer& buffer = pool.acquire();
  buffer.lend();
  EXPECT_EQ(broken_by([&] { buffer.bytes().clear(); }), "lent_is_untouched");
  EXPECT_EQ(broken_by([&] { pool.release(buffer); }), "lent_is_untouched");
  EXPECT_EQ(broken_by([&] { buffer.lend(); }), "lent_is_untouched");
  buffer.give_back();
  EXPECT_EQ(broken_by([&] { pool.release(buffer); }), "");
  EXPECT_EQ(broken_by([&] { pool.release(buffer); }), "lent_is_untouched");
}

TEST_F(Checks, a_pool_lends_no_more_than_it_has) {
  Pool pool{1};
  EXPECT_EQ(broken_by([&] { pool.acquire(); }), "");
  EXPECT_EQ(broken_by([&] { pool.acquire(); }), "memory");
}

class NetworkChecks : public Checks {
 protected:
  void send() {
    put_message(buffer.bytes(), {.kind = wire::Kind::chunk, .job_id = 1}, kBytes);
    network.isend(kMaster, kWorker, wire::Tag::data, buffer, [](bool) {});
  }
  void let_happen() {
    while (world.step()) {
    }
  }

  Trace trace{world, nullptr};
  Network network{world, trace, faults, scenario, Link{3, {}}, Random{1}};
  Pool pool{2};
  Buffer& buffer = pool.acquire();
};

TEST_F(NetworkChecks, a_chunk_needs_a_posted_receive) {
  send();
  EXPECT_EQ(broken_by([&] { let_happen(); }), "chunks_find_a_receive");
}

TEST_F(NetworkChecks, what_is_being_sent_can_not_change) {
  Buffer& into = pool.acquire();
  network.irecv(kWorker, kMaster, wire::Tag::data, into, [](const Arrival&) {});
  send();
  buffer.bytes_for_mpi().back() = std::byte{9};
  EXPECT_EQ(broken_by([&] { let_happen(); }), "lent_is_untouched");
}

TEST_F(NetworkChecks, a_chunk_arrives_as_it_was_sent) {
  Buffer& into = pool.acquire();
  std::vector<std::byte> arrived;
  network.irecv(kWorker, kMaster, wire::Tag::data, into,
                [&](const Arrival&) { arrived = into.bytes(); });
  send();
  EXPECT_EQ(broken_by([&] { let_happen(); }), "");
  EXPECT_EQ(arrived, buffer.bytes());
}

TEST_F(Checks, a_job_must_end) {
  scenario.hear = 1h;
  scenario.stall_timeout = 0s;  // else the workers give the master up
  const RunResult result = run(scenario);
  ASSERT_TRUE(result.breach);
  EXPECT_EQ(result.breach->invariant, Invariant::job_ends) << "an answer takes an hour";
}

}  // namespace
}  // namespace mpiferry::sim
