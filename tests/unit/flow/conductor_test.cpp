// The master's stages: in order, skipped by a failure, ended by all or by a deadline.
#include "engine/flow/conductor.hpp"

#include <chrono>
#include <vector>

#include <gtest/gtest.h>

namespace mpiferry::flow {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{};

Failure broken(Errc code, Rank rank = kNoRank) { return {.code = code, .rank = rank}; }

// A conductor of two workers that has sent the job at kStart.
Conductor invited(Duration stall_timeout = 60s) {
  Conductor conductor{2, stall_timeout};
  conductor.on_prepared();
  conductor.on_invited(kStart);
  return conductor;
}

// The same, and it has sent the end at kStart, with success or with `failure`.
Conductor dismissed(std::optional<Failure> failure = {}, Duration stall_timeout = 60s) {
  Conductor conductor = invited(stall_timeout);
  conductor.on_answer(Rank{1});
  conductor.on_answer(Rank{2});
  conductor.on_transfer_began();
  if (failure) conductor.fail(*failure, kStart);
  conductor.on_transferred();
  conductor.on_dismissed(kStart);
  return conductor;
}

TEST(Conductor, goes_through_all_stages_in_order) {
  Conductor conductor{2, 60s};
  EXPECT_EQ(conductor.next(kStart), Step::prepare);
  conductor.on_prepared();
  EXPECT_EQ(conductor.next(kStart), Step::invite);
  conductor.on_invited(kStart);
  EXPECT_EQ(conductor.next(kStart), Step::wait);
  conductor.on_answer(Rank{2});
  EXPECT_EQ(conductor.next(kStart), Step::wait) << "one of two has answered";
  conductor.on_answer(Rank{1});
  EXPECT_EQ(conductor.next(kStart), Step::transfer);
  conductor.on_transfer_began();
  EXPECT_TRUE(conductor.transferring());
  conductor.on_transferred();
  EXPECT_FALSE(conductor.transferring());
  EXPECT_EQ(conductor.next(kStart), Step::dismiss);
  conductor.on_dismissed(kStart);
  EXPECT_EQ(conductor.next(kStart), Step::wait);
  conductor.on_closed(Rank{1});
  EXPECT_EQ(conductor.next(kStart), Step::wait);
  conductor.on_closed(Rank{2});
  EXPECT_EQ(conductor.next(kStart), Step::publish);
  conductor.on_publication_began();
  EXPECT_FALSE(conductor.over());
  conductor.on_published();
  EXPECT_EQ(conductor.next(kStart), Step::release);
  conductor.on_released();
  EXPECT_EQ(conductor.next(kStart), Step::over);
  EXPECT_EQ(conductor.verdict(), Errc::ok);
  EXPECT_FALSE(conductor.abandoned());
}

TEST(Conductor, clears_when_all_have_measured_and_before_the_transfer) {
  Conductor conductor{2, 60s};
  conductor.on_prepared();
  conductor.on_invited(kStart, true);
  conductor.on_measured(Rank{1});
  conductor.on_measured(Rank{1});
  EXPECT_EQ(conductor.next(kStart), Step::wait) << "one of two has measured";
  conductor.on_measured(Rank{2});
  EXPECT_EQ(conductor.next(kStart), Step::clear);
  conductor.on_answer(Rank{1});
  conductor.on_answer(Rank{2});
  EXPECT_EQ(conductor.next(kStart), Step::clear) << "answers do not skip it";
  conductor.on_cleared();
  EXPECT_EQ(conductor.next(kStart), Step::transfer);
}

TEST(Conductor, clears_nothing_after_a_failure) {
  Conductor conductor{2, 60s};
  conductor.on_prepared();
  conductor.on_invited(kStart, true);
  conductor.on_measured(Rank{1});
  conductor.on_answer(Rank{2});  // with a failure
  conductor.fail(broken(Errc::dest_unusable, Rank{2}), kStart);
  EXPECT_EQ(conductor.next(kStart), Step::dismiss);
}

TEST(Conductor, counts_no_worker_twice) {
  Conductor conductor = invited();
  conductor.on_answer(Rank{1});
  conductor.on_answer(Rank{1});
  EXPECT_EQ(conductor.next(kStart), Step::wait);
  conductor.on_answer(Rank{2});
  conductor.on_transfer_began();
  conductor.on_transferred();
  conductor.on_dismissed(kStart);
  conductor.on_closed(Rank{2});
  conductor.on_closed(Rank{2});
  EXPECT_EQ(conductor.next(kStart), Step::wait);
  EXPECT_EQ(conductor.first_unclosed(), Rank{1});
}

TEST(Conductor, prepares_to_the_end_then_dismisses_after_a_failure) {
  Conductor conductor{2, 60s};
  conductor.fail(broken(Errc::source_not_found), kStart);
  EXPECT_EQ(conductor.next(kStart), Step::prepare);
  conductor.on_prepared();
  EXPECT_EQ(conductor.next(kStart), Step::dismiss);
}

TEST(Conductor, dismisses_at_once_when_an_invited_worker_fails) {
  Conductor conductor = invited();
  conductor.on_answer(Rank{1});
  conductor.fail(broken(Errc::dest_unusable, Rank{1}), kStart);
  EXPECT_EQ(conductor.next(kStart), Step::dismiss);
  EXPECT_EQ(conductor.verdict(), Errc::dest_unusable);
}

TEST(Conductor, keeps_the_first_failure) {
  Conductor conductor = invited();
  EXPECT_TRUE(conductor.fail(broken(Errc::source_changed), kStart));
  EXPECT_FALSE(conductor.fail(broken(Errc::interrupted), kStart));
  EXPECT_EQ(conductor.verdict(), Errc::source_changed);
}

TEST(Conductor, publishes_nothing_after_a_failure) {
  Conductor conductor = dismissed(broken(Errc::chunk_corrupt));
  conductor.on_closed(Rank{1});
  conductor.on_closed(Rank{2});
  EXPECT_EQ(conductor.next(kStart), Step::release);
  EXPECT_FALSE(conductor.over()) << "not before it is told";
  conductor.on_released();
  EXPECT_TRUE(conductor.over());
}

TEST(Conductor, fails_when_the_publication_does) {
  Conductor conductor = dismissed();
  conductor.on_closed(Rank{1});
  conductor.on_closed(Rank{2});
  conductor.on_publication_began();
  conductor.fail_publication(broken(Errc::dest_write_failed));
  conductor.on_published();
  EXPECT_EQ(conductor.next(kStart), Step::release) << "the workers hear of it";
  EXPECT_EQ(conductor.verdict(), Errc::dest_write_failed);
}

TEST(Conductor, is_not_interrupted_while_it_publishes) {
  Conductor conductor = dismissed();
  conductor.on_closed(Rank{1});
  conductor.on_closed(Rank{2});
  conductor.on_publication_began();
  EXPECT_FALSE(conductor.fail(broken(Errc::interrupted), kStart));
  EXPECT_EQ(conductor.verdict(), Errc::ok);
}

// All workers have confirmed the end, and the manifest is there or will be.
TEST(Conductor, keeps_its_verdict_when_something_else_fails_while_it_publishes) {
  for (const bool published : {false, true}) {
    Conductor conductor = dismissed();
    conductor.on_closed(Rank{1});
    conductor.on_closed(Rank{2});
    conductor.on_publication_began();
    if (published) conductor.on_published();
    EXPECT_FALSE(conductor.fail(broken(Errc::peer_unreachable, Rank{2}), kStart));
    EXPECT_FALSE(conductor.fail(broken(Errc::mpi_failed, Rank{1}), kStart));
    if (!published) conductor.on_published();
    EXPECT_EQ(conductor.next(kStart), Step::release);
    conductor.on_released();
    EXPECT_EQ(conductor.verdict(), Errc::ok);
    ASSERT_TRUE(conductor.late());
    EXPECT_EQ(conductor.late()->rank, Rank{2}) << "the first";
    EXPECT_TRUE(conductor.abandoned()) << "MPI_Finalize would wait for it";
  }
}

TEST(Conductor, knows_of_a_lost_worker_after_another_late_failure) {
  Conductor conductor = dismissed();
  conductor.on_closed(Rank{1});
  conductor.on_closed(Rank{2});
  conductor.on_publication_began();
  EXPECT_FALSE(conductor.fail(broken(Errc::mpi_failed, Rank{1}), kStart));
  EXPECT_FALSE(conductor.fail(broken(Errc::peer_unreachable, Rank{2}), kStart));
  EXPECT_TRUE(conductor.abandoned());
  EXPECT_EQ(conductor.late()->rank, Rank{1}) << "the first";
}

TEST(Conductor, names_the_longest_silence_first) {
  Conductor conductor{3, 10s};
  conductor.on_prepared();
  conductor.on_invited(kStart);
  conductor.on_busy(Rank{1}, kStart + 4s);
  conductor.on_busy(Rank{3}, kStart + 2s);
  EXPECT_EQ(conductor.unanswered(kStart + 11s), Rank{2});
  EXPECT_EQ(conductor.silent_before_answer(kStart + 11s, 5s),
            (std::vector{Rank{2}, Rank{3}, Rank{1}}));
}

TEST(Conductor, names_all_that_are_silent) {
  Conductor conductor{3, 10s};
  conductor.on_prepared();
  conductor.on_invited(kStart);
  conductor.on_answer(Rank{2});
  EXPECT_EQ(conductor.silent_before_answer(kStart + 6s, 5s), (std::vector{Rank{1}, Rank{3}}));
  conductor.on_busy(Rank{3}, kStart + 2s);
  EXPECT_EQ(conductor.silent_before_answer(kStart + 6s, 5s), std::vector{Rank{1}});
  EXPECT_EQ(conductor.unclosed(), (std::vector{Rank{1}, Rank{2}, Rank{3}}));
  conductor.on_closed(Rank{1});
  EXPECT_EQ(conductor.unclosed(), (std::vector{Rank{2}, Rank{3}}));
}

TEST(Conductor, publishes_nothing_when_a_worker_fails_after_the_end) {
  Conductor conductor = dismissed();
  conductor.fail(broken(Errc::dest_write_failed, Rank{2}), kStart);
  conductor.on_closed(Rank{1});
  conductor.on_closed(Rank{2});
  EXPECT_EQ(conductor.next(kStart), Step::release);
}

TEST(Conductor, waits_for_an_answer_as_long_as_the_stall_timeout) {
  const Conductor conductor = invited(10s);
  EXPECT_EQ(conductor.unanswered(kStart + 10s), std::nullopt);
  EXPECT_EQ(conductor.unanswered(kStart + 10s + 1ms), Rank{1});
}

TEST(Conductor, waits_for_an_answer_for_ever_without_a_stall_timeout) {
  EXPECT_EQ(invited(0s).unanswered(kStart + 1000h), std::nullopt);
}

TEST(Conductor, names_the_worker_that_has_not_answered) {
  Conductor conductor = invited(10s);
  conductor.on_answer(Rank{1});
  EXPECT_EQ(conductor.unanswered(kStart + 11s), Rank{2});
}

TEST(Conductor, waits_longer_for_an_answer_of_a_worker_that_says_it_is_busy) {
  Conductor conductor = invited(10s);
  conductor.on_answer(Rank{1});
  conductor.on_busy(Rank{2}, kStart + 8s);
  EXPECT_EQ(conductor.unanswered(kStart + 18s), std::nullopt);
  EXPECT_EQ(conductor.unanswered(kStart + 19s), Rank{2});
  EXPECT_EQ(conductor.silent(Rank{2}, kStart + 19s), 11s);
}

TEST(Conductor, does_not_wait_longer_for_one_worker_because_another_is_busy) {
  Conductor conductor = invited(10s);
  conductor.on_busy(Rank{2}, kStart + 8s);
  EXPECT_EQ(conductor.unanswered(kStart + 11s), Rank{1});
  EXPECT_EQ(conductor.silent(Rank{1}, kStart + 11s), 11s);
}

TEST(Conductor, gives_up_who_does_not_confirm_a_success_in_time) {
  Conductor conductor = dismissed();
  conductor.on_closed(Rank{1});
  EXPECT_EQ(conductor.next(kStart + 60s), Step::wait);
  EXPECT_EQ(conductor.next(kStart + 60s + 1ms), Step::give_up);
  EXPECT_EQ(conductor.first_unclosed(), Rank{2});
  conductor.on_given_up(broken(Errc::worker_stalled, Rank{2}));
  EXPECT_TRUE(conductor.abandoned());
  EXPECT_EQ(conductor.verdict(), Errc::worker_stalled);
  EXPECT_EQ(conductor.next(kStart), Step::over);
}

TEST(Conductor, waits_for_a_success_for_ever_without_a_stall_timeout) {
  EXPECT_EQ(dismissed({}, 0s).next(kStart + 1000h), Step::wait);
}

TEST(Conductor, gives_up_sooner_after_a_failure_and_keeps_its_verdict) {
  Conductor conductor = dismissed(broken(Errc::source_changed));
  EXPECT_EQ(conductor.next(kStart + 5s), Step::wait);
  EXPECT_EQ(conductor.next(kStart + 5s + 1ms), Step::give_up);
  conductor.on_given_up(broken(Errc::worker_stalled));
  EXPECT_EQ(conductor.verdict(), Errc::source_changed);
}

TEST(Conductor, gives_up_soonest_after_an_interrupt) {
  EXPECT_EQ(dismissed(broken(Errc::interrupted)).next(kStart + 1s), Step::wait);
  EXPECT_EQ(dismissed(broken(Errc::interrupted)).next(kStart + 1s + 1ms), Step::give_up);
}

TEST(Conductor, hurries_when_it_is_interrupted_while_it_waits_for_the_end) {
  Conductor conductor = dismissed();
  conductor.fail(broken(Errc::interrupted), kStart + 2s);
  EXPECT_EQ(conductor.next(kStart + 3s), Step::wait);
  EXPECT_EQ(conductor.next(kStart + 3s + 1ms), Step::give_up);
}

// A worker to which the end came damaged says so, and then waits for one that never comes.
TEST(Conductor, waits_no_longer_than_after_a_failure_when_a_worker_fails_after_the_end) {
  for (const Duration stall_timeout : {Duration{0s}, Duration{1s}, Duration{60s}}) {
    Conductor conductor = dismissed({}, stall_timeout);
    conductor.fail(broken(Errc::bad_payload_digest, Rank{2}), kStart + 1s);
    EXPECT_EQ(conductor.next(kStart + 6s), Step::wait);
    EXPECT_EQ(conductor.next(kStart + 6s + 1ms), Step::give_up);
  }
}

TEST(Conductor, does_not_wait_for_a_lost_worker_itself) {
  for (const Errc lost : {Errc::worker_stalled, Errc::peer_unreachable}) {
    Conductor conductor = dismissed(broken(lost, Rank{2}));
    EXPECT_EQ(conductor.next(kStart), Step::wait) << "rank 1 can still confirm";
    conductor.on_closed(Rank{1});
    EXPECT_EQ(conductor.next(kStart), Step::give_up);
  }
}

TEST(Conductor, gives_up_soon_after_a_worker_was_lost) {
  for (const Errc lost : {Errc::worker_stalled, Errc::peer_unreachable}) {
    EXPECT_EQ(dismissed(broken(lost, Rank{2})).next(kStart + 1s), Step::wait);
    EXPECT_EQ(dismissed(broken(lost, Rank{2})).next(kStart + 1s + 1ms), Step::give_up);
  }
}

TEST(Conductor, hears_no_failure_once_it_is_over) {
  Conductor conductor = dismissed();
  conductor.on_closed(Rank{1});
  conductor.on_closed(Rank{2});
  conductor.on_published();
  conductor.on_released();
  EXPECT_FALSE(conductor.fail(broken(Errc::interrupted), kStart));
  EXPECT_EQ(conductor.verdict(), Errc::ok);
}

TEST(Conductor, waits_longer_for_a_worker_that_says_it_is_busy) {
  Conductor conductor = dismissed();
  conductor.on_busy(Rank{1}, kStart + 50s);
  EXPECT_EQ(conductor.next(kStart + 100s), Step::wait);
  EXPECT_EQ(conductor.next(kStart + 111s), Step::give_up);
}

TEST(Conductor, does_not_wait_longer_after_a_failure) {
  Conductor conductor = dismissed(broken(Errc::source_changed));
  conductor.on_busy(Rank{1}, kStart + 4s);
  EXPECT_EQ(conductor.next(kStart + 6s), Step::give_up);
}

TEST(Conductor, waits_longer_for_those_whose_chunks_still_arrive) {
  Conductor conductor = dismissed(broken(Errc::interrupted));
  conductor.on_late(kStart + 900ms);
  EXPECT_EQ(conductor.next(kStart + 1'900ms), Step::wait);
  EXPECT_EQ(conductor.next(kStart + 1'901ms), Step::give_up);
}

TEST(Conductor, takes_no_deadline_from_a_worker_that_is_busy_before_the_end) {
  Conductor conductor = invited();
  conductor.on_busy(Rank{1}, kStart);
  conductor.on_answer(Rank{1});
  conductor.on_answer(Rank{2});
  conductor.on_transfer_began();
  conductor.on_transferred();
  conductor.on_dismissed(kStart + 200s);
  EXPECT_EQ(conductor.next(kStart + 250s), Step::wait);
}

}  // namespace
}  // namespace mpiferry::flow
