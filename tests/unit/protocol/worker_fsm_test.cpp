// What messages mean to a worker, and when it stops to wait for them.
#include "engine/protocol/worker_fsm.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace mpiferry::protocol {
namespace {

using namespace std::chrono_literals;
using wire::Kind;

constexpr Time kStart{};

WorkerFsm receiving() {
  WorkerFsm fsm;
  fsm.on_job();
  fsm.on_ready();
  return fsm;
}

TEST(WorkerFsm, takes_the_job_then_chunks_then_the_end) {
  WorkerFsm fsm;
  EXPECT_EQ(fsm.on_message(Kind::job), Order::prepare);
  fsm.on_job();
  fsm.on_ready();
  EXPECT_EQ(fsm.on_message(Kind::chunk), Order::deliver);
  EXPECT_EQ(fsm.on_message(Kind::end), Order::finish);
  fsm.on_end(Errc::ok);
  EXPECT_EQ(fsm.verdict(), Errc::ok);
}

TEST(WorkerFsm, finishes_what_was_begun_after_a_good_end) {
  WorkerFsm fsm = receiving();
  fsm.on_end(Errc::ok);
  EXPECT_FALSE(fsm.dropping());
  EXPECT_EQ(fsm.on_message(Kind::chunk), Order::deliver);
  EXPECT_EQ(fsm.on_message(Kind::end), Order::drop) << "one end is enough";
}

TEST(WorkerFsm, drops_chunks_after_the_end_of_a_failed_job) {
  WorkerFsm fsm = receiving();
  fsm.on_end(Errc::source_changed);
  EXPECT_TRUE(fsm.dropping());
  EXPECT_EQ(fsm.on_message(Kind::chunk), Order::drop);
  EXPECT_EQ(fsm.verdict(), Errc::source_changed);
}

TEST(WorkerFsm, drops_chunks_and_waits_for_the_end_after_its_own_failure) {
  WorkerFsm fsm = receiving();
  EXPECT_TRUE(fsm.fail({.code = Errc::mpi_failed}));
  EXPECT_FALSE(fsm.fail({.code = Errc::internal})) << "the first one is told, no other";
  EXPECT_EQ(fsm.on_message(Kind::chunk), Order::drop);
  EXPECT_EQ(fsm.on_message(Kind::end), Order::finish);
  EXPECT_EQ(fsm.verdict(), Errc::mpi_failed);
  fsm.on_end(Errc::interrupted);
  EXPECT_EQ(fsm.verdict(), Errc::interrupted) << "the master's word counts";
}

TEST(WorkerFsm, leaves_with_the_last_word) {
  WorkerFsm fsm = receiving();
  fsm.on_end(Errc::ok);
  EXPECT_EQ(fsm.verdict(), Errc::ok);
  EXPECT_FALSE(fsm.over());
  fsm.on_over(Errc::dest_write_failed);
  EXPECT_TRUE(fsm.over());
  EXPECT_EQ(fsm.verdict(), Errc::dest_write_failed) << "the manifest was not published";
}

TEST(WorkerFsm, calls_no_job_a_success_whose_master_was_lost_before_the_last_word) {
  WorkerFsm fsm = receiving();
  fsm.on_end(Errc::ok);
  fsm.fail({.code = Errc::master_stalled});
  fsm.on_master_lost();
  EXPECT_EQ(fsm.verdict(), Errc::master_stalled);
  WorkerFsm failed = receiving();
  failed.on_end(Errc::source_changed);
  failed.fail({.code = Errc::master_stalled});
  failed.on_master_lost();
  EXPECT_EQ(failed.verdict(), Errc::source_changed) << "that much was said";
}

TEST(WorkerFsm, ignores_the_job_when_it_has_failed_before) {
  WorkerFsm fsm;
  fsm.fail({.code = Errc::interrupted});
  EXPECT_EQ(fsm.on_message(Kind::job), Order::drop);
}

TEST(WorkerFsm, refuses_what_has_no_place) {
  EXPECT_EQ(WorkerFsm{}.on_message(Kind::chunk), Order::refuse) << "before the job";
  WorkerFsm preparing;
  preparing.on_job();
  EXPECT_EQ(preparing.on_message(Kind::chunk), Order::refuse) << "before it is ready";
  EXPECT_EQ(receiving().on_message(Kind::job), Order::refuse) << "a second job";
  for (const Kind kind : {Kind::ready, Kind::acks, Kind::failed, Kind::closed}) {
    EXPECT_EQ(receiving().on_message(kind), Order::refuse);
  }
}

TEST(WorkerFsm, gives_a_silent_master_some_seconds_after_a_signal) {
  WorkerFsm fsm = receiving();
  EXPECT_TRUE(fsm.interrupt({.code = Errc::interrupted}, kStart));
  EXPECT_FALSE(fsm.timed_out(kStart + 5s));
  EXPECT_TRUE(fsm.timed_out(kStart + 5s + 1ms));
  fsm.on_end(Errc::interrupted);
  EXPECT_FALSE(fsm.timed_out(kStart + 1h)) << "the end came";
}

TEST(WorkerFsm, waits_for_the_end_for_ever_without_a_signal) {
  WorkerFsm fsm = receiving();
  fsm.fail({.code = Errc::internal});
  EXPECT_FALSE(fsm.timed_out(kStart + 1000h));
}

TEST(WorkerFsm, ignores_a_signal_once_the_job_ends) {
  WorkerFsm fsm = receiving();
  fsm.on_end(Errc::ok);
  EXPECT_FALSE(fsm.interrupt({.code = Errc::interrupted}, kStart));
  EXPECT_EQ(fsm.deadline(), std::nullopt);
  EXPECT_EQ(fsm.verdict(), Errc::ok);
}

}  // namespace
}  // namespace mpiferry::protocol
