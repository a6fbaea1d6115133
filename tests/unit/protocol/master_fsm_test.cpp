// The master's stages come in order, are skipped by a failure, and are ended by all workers or by a
// deadline.
#include "engine/protocol/master_fsm.hpp"

#include <chrono>
#include <vector>

#include <gtest/gtest.h>

namespace mpiferry::protocol {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{};

Failure broken(Errc code, Rank rank = kNoRank) { return {.code = code, .rank = rank}; }

// A master of two workers that has sent the job at kStart.
MasterFsm job_sent(Duration stall_timeout = 60s) {
  MasterFsm fsm{2, stall_timeout};
  fsm.on_prepared();
  fsm.on_job_sent(kStart);
  return fsm;
}

// The same, and it has sent the end at kStart, with success or with `failure`.
MasterFsm end_sent(std::optional<Failure> failure = {}, Duration stall_timeout = 60s) {
  MasterFsm fsm = job_sent(stall_timeout);
  fsm.on_answer(Rank{1});
  fsm.on_answer(Rank{2});
  fsm.on_transfer_began();
  if (failure) fsm.fail(*failure, kStart);
  fsm.on_transferred();
  fsm.on_end_sent(kStart);
  return fsm;
}

TEST(MasterFsm, goes_through_all_stages_in_order) {
  MasterFsm fsm{2, 60s};
  EXPECT_EQ(fsm.next(kStart), Step::prepare);
  fsm.on_prepared();
  EXPECT_EQ(fsm.next(kStart), Step::send_job);
  fsm.on_job_sent(kStart);
  EXPECT_EQ(fsm.next(kStart), Step::wait);
  fsm.on_answer(Rank{2});
  EXPECT_EQ(fsm.next(kStart), Step::wait) << "one of two has answered";
  fsm.on_answer(Rank{1});
  EXPECT_EQ(fsm.next(kStart), Step::transfer);
  fsm.on_transfer_began();
  EXPECT_TRUE(fsm.transferring());
  fsm.on_transferred();
  EXPECT_FALSE(fsm.transferring());
  EXPECT_EQ(fsm.next(kStart), Step::send_end);
  fsm.on_end_sent(kStart);
  EXPECT_EQ(fsm.next(kStart), Step::wait);
  fsm.on_closed(Rank{1});
  EXPECT_EQ(fsm.next(kStart), Step::wait);
  fsm.on_closed(Rank{2});
  EXPECT_EQ(fsm.next(kStart), Step::publish);
  fsm.on_publication_began();
  EXPECT_FALSE(fsm.over());
  fsm.on_published();
  EXPECT_EQ(fsm.next(kStart), Step::release);
  fsm.on_released();
  EXPECT_EQ(fsm.next(kStart), Step::over);
  EXPECT_EQ(fsm.verdict(), Errc::ok);
  EXPECT_FALSE(fsm.abandoned());
}

TEST(MasterFsm, clears_when_all_have_measured_and_before_the_transfer) {
  MasterFsm fsm{2, 60s};
  fsm.on_prepared();
  fsm.on_job_sent(kStart, true);
  fsm.on_measured(Rank{1});
  fsm.on_measured(Rank{1});
  EXPECT_EQ(fsm.next(kStart), Step::wait) << "one of two has measured";
  fsm.on_measured(Rank{2});
  EXPECT_EQ(fsm.next(kStart), Step::clear);
  fsm.on_answer(Rank{1});
  fsm.on_answer(Rank{2});
  EXPECT_EQ(fsm.next(kStart), Step::clear) << "answers do not skip it";
  fsm.on_cleared();
  EXPECT_EQ(fsm.next(kStart), Step::transfer);
}

TEST(MasterFsm, clears_nothing_after_a_failure) {
  MasterFsm fsm{2, 60s};
  fsm.on_prepared();
  fsm.on_job_sent(kStart, true);
  fsm.on_measured(Rank{1});
  fsm.on_answer(Rank{2});  // with a failure
  fsm.fail(broken(Errc::dest_unusable, Rank{2}), kStart);
  EXPECT_EQ(fsm.next(kStart), Step::send_end);
}

TEST(MasterFsm, counts_no_worker_twice) {
  MasterFsm fsm = job_sent();
  fsm.on_answer(Rank{1});
  fsm.on_answer(Rank{1});
  EXPECT_EQ(fsm.next(kStart), Step::wait);
  fsm.on_answer(Rank{2});
  fsm.on_transfer_began();
  fsm.on_transferred();
  fsm.on_end_sent(kStart);
  fsm.on_closed(Rank{2});
  fsm.on_closed(Rank{2});
  EXPECT_EQ(fsm.next(kStart), Step::wait);
  EXPECT_EQ(fsm.unclosed(), std::vector{Rank{1}});
}

TEST(MasterFsm, prepares_to_the_end_then_sends_the_end_after_a_failure) {
  MasterFsm fsm{2, 60s};
  fsm.fail(broken(Errc::source_not_found), kStart);
  EXPECT_EQ(fsm.next(kStart), Step::prepare);
  fsm.on_prepared();
  EXPECT_EQ(fsm.next(kStart), Step::send_end);
}

TEST(MasterFsm, sends_the_end_at_once_when_a_worker_that_has_the_job_fails) {
  MasterFsm fsm = job_sent();
  fsm.on_answer(Rank{1});
  fsm.fail(broken(Errc::dest_unusable, Rank{1}), kStart);
  EXPECT_EQ(fsm.next(kStart), Step::send_end);
  EXPECT_EQ(fsm.verdict(), Errc::dest_unusable);
}

TEST(MasterFsm, keeps_the_first_failure) {
  MasterFsm fsm = job_sent();
  EXPECT_TRUE(fsm.fail(broken(Errc::source_changed), kStart));
  EXPECT_FALSE(fsm.fail(broken(Errc::interrupted), kStart));
  EXPECT_EQ(fsm.verdict(), Errc::source_changed);
}

TEST(MasterFsm, publishes_nothing_after_a_failure) {
  MasterFsm fsm = end_sent(broken(Errc::chunk_corrupt));
  fsm.on_closed(Rank{1});
  fsm.on_closed(Rank{2});
  EXPECT_EQ(fsm.next(kStart), Step::release);
  EXPECT_FALSE(fsm.over()) << "not before it is told";
  fsm.on_released();
  EXPECT_TRUE(fsm.over());
}

TEST(MasterFsm, fails_when_the_publication_does) {
  MasterFsm fsm = end_sent();
  fsm.on_closed(Rank{1});
  fsm.on_closed(Rank{2});
  fsm.on_publication_began();
  fsm.fail_publication(broken(Errc::dest_write_failed));
  fsm.on_published();
  EXPECT_EQ(fsm.next(kStart), Step::release) << "the workers are told of it";
  EXPECT_EQ(fsm.verdict(), Errc::dest_write_failed);
}

TEST(MasterFsm, is_not_interrupted_while_it_publishes) {
  MasterFsm fsm = end_sent();
  fsm.on_closed(Rank{1});
  fsm.on_closed(Rank{2});
  fsm.on_publication_began();
  EXPECT_FALSE(fsm.fail(broken(Errc::interrupted), kStart));
  EXPECT_EQ(fsm.verdict(), Errc::ok);
}

// All workers have confirmed the end, and the manifest is there or will be.
TEST(MasterFsm, keeps_its_verdict_when_something_else_fails_while_it_publishes) {
  for (const bool published : {false, true}) {
    MasterFsm fsm = end_sent();
    fsm.on_closed(Rank{1});
    fsm.on_closed(Rank{2});
    fsm.on_publication_began();
    if (published) fsm.on_published();
    EXPECT_FALSE(fsm.fail(broken(Errc::peer_unreachable, Rank{2}), kStart));
    EXPECT_FALSE(fsm.fail(broken(Errc::mpi_failed, Rank{1}), kStart));
    if (!published) fsm.on_published();
    EXPECT_EQ(fsm.next(kStart), Step::release);
    fsm.on_released();
    EXPECT_EQ(fsm.verdict(), Errc::ok);
    ASSERT_TRUE(fsm.late());
    EXPECT_EQ(fsm.late()->rank, Rank{2}) << "the first";
    EXPECT_TRUE(fsm.abandoned()) << "MPI_Finalize would wait for it";
  }
}

TEST(MasterFsm, knows_of_a_lost_worker_after_another_late_failure) {
  MasterFsm fsm = end_sent();
  fsm.on_closed(Rank{1});
  fsm.on_closed(Rank{2});
  fsm.on_publication_began();
  EXPECT_FALSE(fsm.fail(broken(Errc::mpi_failed, Rank{1}), kStart));
  EXPECT_FALSE(fsm.fail(broken(Errc::peer_unreachable, Rank{2}), kStart));
  EXPECT_TRUE(fsm.abandoned());
  EXPECT_EQ(fsm.late()->rank, Rank{1}) << "the first";
}

TEST(MasterFsm, names_the_longest_silence_first) {
  MasterFsm fsm{3, 10s};
  fsm.on_prepared();
  fsm.on_job_sent(kStart);
  fsm.on_busy(Rank{1}, kStart + 4s);
  fsm.on_busy(Rank{3}, kStart + 2s);
  EXPECT_EQ(fsm.unanswered(kStart + 11s), Rank{2});
  EXPECT_EQ(fsm.silent_before_answer(kStart + 11s, 5s), (std::vector{Rank{2}, Rank{3}, Rank{1}}));
}

TEST(MasterFsm, names_all_that_are_silent) {
  MasterFsm fsm{3, 10s};
  fsm.on_prepared();
  fsm.on_job_sent(kStart);
  fsm.on_answer(Rank{2});
  EXPECT_EQ(fsm.silent_before_answer(kStart + 6s, 5s), (std::vector{Rank{1}, Rank{3}}));
  fsm.on_busy(Rank{3}, kStart + 2s);
  EXPECT_EQ(fsm.silent_before_answer(kStart + 6s, 5s), std::vector{Rank{1}});
  EXPECT_EQ(fsm.unclosed(), (std::vector{Rank{1}, Rank{2}, Rank{3}}));
  fsm.on_closed(Rank{1});
  EXPECT_EQ(fsm.unclosed(), (std::vector{Rank{2}, Rank{3}}));
}

TEST(MasterFsm, publishes_nothing_when_a_worker_fails_after_the_end) {
  MasterFsm fsm = end_sent();
  fsm.fail(broken(Errc::dest_write_failed, Rank{2}), kStart);
  fsm.on_closed(Rank{1});
  fsm.on_closed(Rank{2});
  EXPECT_EQ(fsm.next(kStart), Step::release);
}

TEST(MasterFsm, waits_for_an_answer_as_long_as_the_stall_timeout) {
  const MasterFsm fsm = job_sent(10s);
  EXPECT_EQ(fsm.unanswered(kStart + 10s), std::nullopt);
  EXPECT_EQ(fsm.unanswered(kStart + 10s + 1ms), Rank{1});
}

TEST(MasterFsm, waits_for_an_answer_for_ever_without_a_stall_timeout) {
  EXPECT_EQ(job_sent(0s).unanswered(kStart + 1000h), std::nullopt);
}

TEST(MasterFsm, names_the_worker_that_has_not_answered) {
  MasterFsm fsm = job_sent(10s);
  fsm.on_answer(Rank{1});
  EXPECT_EQ(fsm.unanswered(kStart + 11s), Rank{2});
}

TEST(MasterFsm, waits_longer_for_an_answer_of_a_worker_that_says_it_is_busy) {
  MasterFsm fsm = job_sent(10s);
  fsm.on_answer(Rank{1});
  fsm.on_busy(Rank{2}, kStart + 8s);
  EXPECT_EQ(fsm.unanswered(kStart + 18s), std::nullopt);
  EXPECT_EQ(fsm.unanswered(kStart + 19s), Rank{2});
  EXPECT_EQ(fsm.silent(Rank{2}, kStart + 19s), 11s);
}

TEST(MasterFsm, does_not_wait_longer_for_one_worker_because_another_is_busy) {
  MasterFsm fsm = job_sent(10s);
  fsm.on_busy(Rank{2}, kStart + 8s);
  EXPECT_EQ(fsm.unanswered(kStart + 11s), Rank{1});
  EXPECT_EQ(fsm.silent(Rank{1}, kStart + 11s), 11s);
}

TEST(MasterFsm, gives_up_who_does_not_confirm_a_success_in_time) {
  MasterFsm fsm = end_sent();
  fsm.on_closed(Rank{1});
  EXPECT_EQ(fsm.next(kStart + 60s), Step::wait);
  EXPECT_EQ(fsm.next(kStart + 60s + 1ms), Step::give_up);
  EXPECT_EQ(fsm.unclosed(), std::vector{Rank{2}});
  fsm.on_given_up(broken(Errc::worker_stalled, Rank{2}));
  EXPECT_TRUE(fsm.abandoned());
  EXPECT_EQ(fsm.verdict(), Errc::worker_stalled);
  EXPECT_EQ(fsm.next(kStart), Step::over);
}

TEST(MasterFsm, waits_for_a_success_for_ever_without_a_stall_timeout) {
  EXPECT_EQ(end_sent({}, 0s).next(kStart + 1000h), Step::wait);
}

TEST(MasterFsm, gives_up_sooner_after_a_failure_and_keeps_its_verdict) {
  MasterFsm fsm = end_sent(broken(Errc::source_changed));
  EXPECT_EQ(fsm.next(kStart + 5s), Step::wait);
  EXPECT_EQ(fsm.next(kStart + 5s + 1ms), Step::give_up);
  fsm.on_given_up(broken(Errc::worker_stalled));
  EXPECT_EQ(fsm.verdict(), Errc::source_changed);
}

TEST(MasterFsm, gives_up_soonest_after_an_interrupt) {
  EXPECT_EQ(end_sent(broken(Errc::interrupted)).next(kStart + 1s), Step::wait);
  EXPECT_EQ(end_sent(broken(Errc::interrupted)).next(kStart + 1s + 1ms), Step::give_up);
}

TEST(MasterFsm, hurries_when_it_is_interrupted_while_it_waits_for_the_end) {
  MasterFsm fsm = end_sent();
  fsm.fail(broken(Errc::interrupted), kStart + 2s);
  EXPECT_EQ(fsm.next(kStart + 3s), Step::wait);
  EXPECT_EQ(fsm.next(kStart + 3s + 1ms), Step::give_up);
}

// A worker to which the end came damaged says so, and then waits for one that never comes.
TEST(MasterFsm, waits_no_longer_than_after_a_failure_when_a_worker_fails_after_the_end) {
  for (const Duration stall_timeout : {Duration{0s}, Duration{1s}, Duration{60s}}) {
    MasterFsm fsm = end_sent({}, stall_timeout);
    fsm.fail(broken(Errc::bad_payload_digest, Rank{2}), kStart + 1s);
    EXPECT_EQ(fsm.next(kStart + 6s), Step::wait);
    EXPECT_EQ(fsm.next(kStart + 6s + 1ms), Step::give_up);
  }
}

TEST(MasterFsm, does_not_wait_for_a_lost_worker_itself) {
  for (const Errc lost : {Errc::worker_stalled, Errc::peer_unreachable}) {
    MasterFsm fsm = end_sent(broken(lost, Rank{2}));
    EXPECT_EQ(fsm.next(kStart), Step::wait) << "rank 1 can still confirm";
    fsm.on_closed(Rank{1});
    EXPECT_EQ(fsm.next(kStart), Step::give_up);
  }
}

TEST(MasterFsm, gives_up_soon_after_a_worker_was_lost) {
  for (const Errc lost : {Errc::worker_stalled, Errc::peer_unreachable}) {
    EXPECT_EQ(end_sent(broken(lost, Rank{2})).next(kStart + 1s), Step::wait);
    EXPECT_EQ(end_sent(broken(lost, Rank{2})).next(kStart + 1s + 1ms), Step::give_up);
  }
}

TEST(MasterFsm, ignores_failures_once_it_is_over) {
  MasterFsm fsm = end_sent();
  fsm.on_closed(Rank{1});
  fsm.on_closed(Rank{2});
  fsm.on_published();
  fsm.on_released();
  EXPECT_FALSE(fsm.fail(broken(Errc::interrupted), kStart));
  EXPECT_EQ(fsm.verdict(), Errc::ok);
}

TEST(MasterFsm, waits_longer_for_a_worker_that_says_it_is_busy) {
  MasterFsm fsm = end_sent();
  fsm.on_busy(Rank{1}, kStart + 50s);
  EXPECT_EQ(fsm.next(kStart + 100s), Step::wait);
  EXPECT_EQ(fsm.next(kStart + 111s), Step::give_up);
}

TEST(MasterFsm, does_not_wait_longer_after_a_failure) {
  MasterFsm fsm = end_sent(broken(Errc::source_changed));
  fsm.on_busy(Rank{1}, kStart + 4s);
  EXPECT_EQ(fsm.next(kStart + 6s), Step::give_up);
}

TEST(MasterFsm, waits_longer_for_those_whose_chunks_still_arrive) {
  MasterFsm fsm = end_sent(broken(Errc::interrupted));
  fsm.on_late(kStart + 900ms);
  EXPECT_EQ(fsm.next(kStart + 1'900ms), Step::wait);
  EXPECT_EQ(fsm.next(kStart + 1'901ms), Step::give_up);
}

TEST(MasterFsm, takes_no_deadline_from_a_worker_that_is_busy_before_the_end) {
  MasterFsm fsm = job_sent();
  fsm.on_busy(Rank{1}, kStart);
  fsm.on_answer(Rank{1});
  fsm.on_answer(Rank{2});
  fsm.on_transfer_began();
  fsm.on_transferred();
  fsm.on_end_sent(kStart + 200s);
  EXPECT_EQ(fsm.next(kStart + 250s), Step::wait);
}

}  // namespace
}  // namespace mpiferry::protocol
