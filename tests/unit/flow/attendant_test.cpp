// What messages mean to a worker, and when it stops to wait for them.
#include "engine/flow/attendant.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace mpiferry::flow {
namespace {

using namespace std::chrono_literals;
using wire::Kind;

constexpr Time kStart{};

Attendant receiving() {
  Attendant attendant;
  attendant.on_job();
  attendant.on_ready();
  return attendant;
}

TEST(Attendant, takes_the_job_then_chunks_then_the_end) {
  Attendant attendant;
  EXPECT_EQ(attendant.on_message(Kind::job), Order::prepare);
  attendant.on_job();
  attendant.on_ready();
  EXPECT_EQ(attendant.on_message(Kind::chunk), Order::deliver);
  EXPECT_EQ(attendant.on_message(Kind::end), Order::finish);
  attendant.on_end(Errc::ok);
  EXPECT_EQ(attendant.verdict(), Errc::ok);
}

TEST(Attendant, finishes_what_was_begun_after_a_good_end) {
  Attendant attendant = receiving();
  attendant.on_end(Errc::ok);
  EXPECT_FALSE(attendant.dropping());
  EXPECT_EQ(attendant.on_message(Kind::chunk), Order::deliver);
  EXPECT_EQ(attendant.on_message(Kind::end), Order::drop) << "one end is enough";
}

TEST(Attendant, drops_chunks_after_the_end_of_a_failed_job) {
  Attendant attendant = receiving();
  attendant.on_end(Errc::source_changed);
  EXPECT_TRUE(attendant.dropping());
  EXPECT_EQ(attendant.on_message(Kind::chunk), Order::drop);
  EXPECT_EQ(attendant.verdict(), Errc::source_changed);
}

TEST(Attendant, drops_chunks_and_waits_for_the_end_after_its_own_failure) {
  Attendant attendant = receiving();
  EXPECT_TRUE(attendant.fail({.code = Errc::mpi_failed}));
  EXPECT_FALSE(attendant.fail({.code = Errc::internal})) << "the first one is told, no other";
  EXPECT_EQ(attendant.on_message(Kind::chunk), Order::drop);
  EXPECT_EQ(attendant.on_message(Kind::end), Order::finish);
  EXPECT_EQ(attendant.verdict(), Errc::mpi_failed);
  attendant.on_end(Errc::interrupted);
  EXPECT_EQ(attendant.verdict(), Errc::interrupted) << "the master's word counts";
}

TEST(Attendant, leaves_with_the_last_word) {
  Attendant attendant = receiving();
  attendant.on_end(Errc::ok);
  EXPECT_EQ(attendant.verdict(), Errc::ok);
  EXPECT_FALSE(attendant.over());
  attendant.on_over(Errc::dest_write_failed);
  EXPECT_TRUE(attendant.over());
  EXPECT_EQ(attendant.verdict(), Errc::dest_write_failed) << "the manifest was not published";
}

TEST(Attendant, calls_no_job_a_success_whose_master_was_lost_before_the_last_word) {
  Attendant attendant = receiving();
  attendant.on_end(Errc::ok);
  attendant.fail({.code = Errc::master_stalled});
  attendant.on_master_lost();
  EXPECT_EQ(attendant.verdict(), Errc::master_stalled);
  Attendant failed = receiving();
  failed.on_end(Errc::source_changed);
  failed.fail({.code = Errc::master_stalled});
  failed.on_master_lost();
  EXPECT_EQ(failed.verdict(), Errc::source_changed) << "that much was said";
}

TEST(Attendant, ignores_the_job_when_it_has_failed_before) {
  Attendant attendant;
  attendant.fail({.code = Errc::interrupted});
  EXPECT_EQ(attendant.on_message(Kind::job), Order::drop);
}

TEST(Attendant, refuses_what_has_no_place) {
  EXPECT_EQ(Attendant{}.on_message(Kind::chunk), Order::refuse) << "before the job";
  Attendant preparing;
  preparing.on_job();
  EXPECT_EQ(preparing.on_message(Kind::chunk), Order::refuse) << "before it is ready";
  EXPECT_EQ(receiving().on_message(Kind::job), Order::refuse) << "a second job";
  for (const Kind kind : {Kind::ready, Kind::acks, Kind::failed, Kind::closed}) {
    EXPECT_EQ(receiving().on_message(kind), Order::refuse);
  }
}

TEST(Attendant, gives_a_silent_master_some_seconds_after_a_signal) {
  Attendant attendant = receiving();
  EXPECT_TRUE(attendant.interrupt({.code = Errc::interrupted}, kStart));
  EXPECT_FALSE(attendant.forsaken(kStart + 5s));
  EXPECT_TRUE(attendant.forsaken(kStart + 5s + 1ms));
  attendant.on_end(Errc::interrupted);
  EXPECT_FALSE(attendant.forsaken(kStart + 1h)) << "the end came";
}

TEST(Attendant, waits_for_the_end_for_ever_without_a_signal) {
  Attendant attendant = receiving();
  attendant.fail({.code = Errc::internal});
  EXPECT_FALSE(attendant.forsaken(kStart + 1000h));
}

TEST(Attendant, does_not_hear_a_signal_once_the_job_ends) {
  Attendant attendant = receiving();
  attendant.on_end(Errc::ok);
  EXPECT_FALSE(attendant.interrupt({.code = Errc::interrupted}, kStart));
  EXPECT_EQ(attendant.deadline(), std::nullopt);
  EXPECT_EQ(attendant.verdict(), Errc::ok);
}

}  // namespace
}  // namespace mpiferry::flow
