// A check that cannot fail checks nothing: each invariant of the auditor, broken on purpose, and
// kept.
#include "tests/sim/auditor.hpp"

#include <chrono>

#include <gtest/gtest.h>

#include "tests/sim/checks.hpp"

namespace mpiferry::sim {
namespace {

using namespace std::chrono_literals;

TEST_F(Checks, an_answer_needs_the_chunk_on_the_disk) {
  read_chunks();
  const auto answer = [&] { auditor.on_answer(kWorker, {.chunk = {1}}); };
  EXPECT_EQ(broken_by(answer), "acknowledged_is_on_disk");
  disks[1].publish(1, std::span{kBytes}.first(1), false);
  EXPECT_EQ(broken_by(answer), "acknowledged_is_on_disk") << "it is not whole";
  disks[1].publish(1, kBytes, false);
  EXPECT_EQ(broken_by(answer), "");
  scenario.fsync = true;
  EXPECT_EQ(broken_by(answer), "acknowledged_is_on_disk") << "a power cut would take it";
  disks[1].publish(1, kBytes, true);
  EXPECT_EQ(broken_by(answer), "");
}

TEST_F(Checks, what_was_acknowledged_must_be_there_in_the_end) {
  move_all();
  disks[1].publish(1, std::span{kBytes}.first(1), false);
  EXPECT_EQ(broken_by([&] { auditor.on_end(std::nullopt); }), "acknowledged_is_on_disk");
}

TEST_F(Checks, a_visible_chunk_must_be_whole) {
  read_chunks();
  EXPECT_EQ(broken_by([&] { auditor.on_visible(kWorker, 1, {std::byte{1}}); }),
            "visible_is_finished");
  EXPECT_EQ(broken_by([&] { auditor.on_visible(kWorker, 1, kBytes); }), "");
}

TEST_F(Checks, a_power_cut_must_leave_no_unfinished_chunk) {
  scenario.fsync = true;
  read_chunks();
  disks[1].publish(1, kBytes, false);
  disks[1].sync_names();  // the name before the bytes
  disks[1].power_cut();
  EXPECT_EQ(broken_by([&] { auditor.on_power_cut(kWorker); }), "visible_is_finished");
}

TEST_F(Checks, the_manifest_waits_for_every_worker) {
  EXPECT_EQ(broken_by([&] { auditor.on_publishing(); }), "manifest_comes_last");
  move_all();
  EXPECT_EQ(broken_by([&] { auditor.on_publishing(); }), "");
}

TEST_F(Checks, the_manifest_needs_every_chunk) {
  scenario.source_size = {8};
  move_all();
  EXPECT_EQ(broken_by([&] { auditor.on_publishing(); }), "manifest_comes_last");
}

TEST_F(Checks, no_manifest_appears_after_a_failure) {
  move_all();
  auditor.on_failure(Errc::interrupted);
  EXPECT_EQ(broken_by([&] { auditor.on_publishing(); }), "manifest_comes_last");
}

TEST_F(Checks, there_is_a_manifest_exactly_if_the_verdict_is_ok) {
  move_all();
  EXPECT_EQ(broken_by([&] { auditor.on_end(Errc::ok); }), "manifest_comes_last");
  disks[0].publish(kManifestFile, kBytes, false);
  EXPECT_EQ(broken_by([&] { auditor.on_end(Errc::ok); }), "");
  faults.happened(Fault::one_interrupted);
  EXPECT_EQ(broken_by([&] { auditor.on_end(Errc::interrupted); }), "manifest_comes_last");
}

TEST_F(Checks, a_worker_owes_no_more_than_a_window) {
  read_chunks();
  post(0);
  post(1);
  EXPECT_EQ(broken_by([&] { post(2); }), "credit");
}

TEST_F(Checks, an_answer_gives_credit_back) {
  read_chunks();
  post(0);
  post(1);
  hear(0);
  EXPECT_EQ(broken_by([&] { post(2); }), "");
}

TEST_F(Checks, patience_has_a_lower_end) {
  auditor.on_failure(Errc::source_changed);
  auditor.on_end_sent();
  pass(5s);
  EXPECT_EQ(broken_by([&] { auditor.on_given_up(); }), "patience");
  pass(1ms);
  EXPECT_EQ(broken_by([&] { auditor.on_given_up(); }), "");
}

TEST_F(Checks, patience_has_an_upper_end) {
  auditor.on_failure(Errc::interrupted);
  auditor.on_end_sent();
  pass(1s);
  EXPECT_EQ(broken_by([&] { auditor.on_waiting(); }), "");
  pass(1s);
  EXPECT_EQ(broken_by([&] { auditor.on_waiting(); }), "patience");
}

TEST_F(Checks, a_verdict_needs_an_explanation) {
  EXPECT_EQ(broken_by([&] { auditor.on_end(Errc::interrupted); }), "verdict_is_explained");
  faults.happened(Fault::one_interrupted);
  EXPECT_EQ(broken_by([&] { auditor.on_end(Errc::interrupted); }), "");
}

TEST_F(Checks, chunk_corrupt_needs_more_damage_than_retries) {
  faults.happened(Fault::payload_damaged);
  read_chunks();
  post(0);
  hear(0, wire::AckStatus::corrupt);
  EXPECT_EQ(broken_by([&] { auditor.on_end(Errc::chunk_corrupt); }), "verdict_is_explained");
}

TEST_F(Checks, the_first_failure_is_the_verdict) {
  auditor.on_failure(Errc::source_changed);
  auditor.on_failure(Errc::interrupted);
  EXPECT_EQ(broken_by([&] { auditor.on_over(Errc::interrupted, {}); }), "first_failure_wins");
  EXPECT_EQ(broken_by([&] { auditor.on_over(Errc::source_changed, {}); }), "");
}

TEST_F(Checks, nothing_leaves_after_a_failure_or_the_end) {
  read_chunks();
  auditor.on_failure(Errc::interrupted);
  EXPECT_EQ(broken_by([&] { post(0); }), "nothing_after_the_end");
}

TEST_F(Checks, a_transfer_ends_when_every_chunk_is_written) {
  move_all();
  EXPECT_EQ(broken_by([&] { auditor.on_transferred(3); }), "");
  scenario.source_size = {8};
  EXPECT_EQ(broken_by([&] { auditor.on_transferred(3); }), "everything_is_moved");
}

TEST_F(Checks, the_counters_of_both_sides_agree) {
  move_all();
  const Counters right{.chunks_written = 3, .bytes_written = {6}};
  EXPECT_EQ(broken_by([&] { auditor.on_over(Errc::ok, right); }), "");
  Counters wrong = right;
  wrong.chunks_resent = 1;
  EXPECT_EQ(broken_by([&] { auditor.on_over(Errc::ok, wrong); }), "counters_agree");
  auditor.on_closed_heard({2}, {.chunks_written = 1, .bytes_written = {2}});
  EXPECT_EQ(broken_by([&] { auditor.on_over(Errc::ok, right); }), "counters_agree");
}

TEST_F(Checks, who_owes_nothing_is_not_blamed) {
  pass(1h);
  EXPECT_EQ(broken_by([&] { auditor.on_blame(kWorker, Silence::to_chunks); }), "stalls_are_real");
}

TEST_F(Checks, who_answered_just_now_is_not_blamed) {
  read_chunks();
  post(0);
  post(1);
  pass(10s);
  hear(0);
  pass(1s);
  const auto blame = [&] { auditor.on_blame(kWorker, Silence::to_chunks); };
  EXPECT_EQ(broken_by(blame), "stalls_are_real");
  pass(10s);
  EXPECT_EQ(broken_by(blame), "");
}

TEST_F(Checks, a_stopped_master_blames_nobody) {
  read_chunks();
  post(0);
  auditor.on_master_stopped(10s);
  pass(15s);
  EXPECT_EQ(broken_by([&] { auditor.on_blame(kWorker, Silence::to_chunks); }), "stalls_are_real");
}

TEST_F(Checks, a_resend_needs_a_corrupt_answer_and_a_retry) {
  read_chunks();
  post(0);
  EXPECT_EQ(broken_by([&] { post(0, kWorker, 1); }), "resends_are_asked_for");
  hear(0, wire::AckStatus::corrupt);
  EXPECT_EQ(broken_by([&] { post(0, kWorker, 1); }), "");
  auditor.on_ack_heard(kWorker, {.chunk = {0}, .attempt = 1, .status = wire::AckStatus::corrupt});
  EXPECT_EQ(broken_by([&] { post(0, kWorker, 2); }), "resends_are_asked_for") << "one retry";
}

TEST_F(Checks, no_write_begins_after_a_failed_end) {
  const auto begin = [&](std::optional<Errc> end, bool failed) {
    return broken_by([&] { auditor.on_write_begun(kWorker, end, failed); });
  };
  EXPECT_EQ(begin(std::nullopt, false), "");
  EXPECT_EQ(begin(Errc::ok, false), "");
  EXPECT_EQ(begin(Errc::interrupted, false), "failed_end_stops_work");
  EXPECT_EQ(begin(std::nullopt, true), "failed_end_stops_work");
}

}  // namespace
}  // namespace mpiferry::sim
