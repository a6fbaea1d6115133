// What a job that goes on must not do, done on purpose.
#include <algorithm>
#include <chrono>

#include <gtest/gtest.h>

#include "tests/sim/auditor.hpp"
#include "tests/sim/checks.hpp"
#include "tests/sim/run.hpp"

namespace mpiferry::sim {
namespace {

using namespace std::chrono_literals;

// Rank 1 owns chunks 0 and 2, rank 2 chunk 1.
class ResumeChecks : public Checks {
 protected:
  ResumeChecks() { scenario.resume = true; }

  // The job begins with what lies on the disks now.
  void begin() {
    auditor.set_disks({&disks[0], &disks[1], &disks[2]});
    read_chunks();
  }
};

TEST_F(ResumeChecks, what_is_not_sent_must_be_there) {
  disks[1].publish(0, kBytes, true);
  disks[1].publish(2, std::vector{std::byte{7}}, true);
  begin();
  EXPECT_EQ(broken_by([&] { auditor.on_chunk_kept({0}); }), "");
  EXPECT_EQ(broken_by([&] { auditor.on_chunk_kept({1}); }), "kept_is_there") << "nothing is there";
  EXPECT_EQ(broken_by([&] { auditor.on_chunk_kept({2}); }), "kept_is_there") << "other bytes are";
}

TEST_F(ResumeChecks, a_first_job_keeps_nothing) {
  scenario.resume = false;
  disks[1].publish(0, kBytes, true);
  begin();
  EXPECT_EQ(broken_by([&] { auditor.on_chunk_kept({0}); }), "kept_is_there");
}

TEST_F(ResumeChecks, what_is_there_is_not_sent) {
  disks[1].publish(0, kBytes, true);
  disks[1].publish(2, std::vector{std::byte{7}}, true);
  begin();
  EXPECT_EQ(broken_by([&] { post(0); }), "held_is_kept");
  EXPECT_EQ(broken_by([&] { post(2); }), "");
}

TEST_F(ResumeChecks, the_result_of_an_earlier_job_goes_before_the_first_chunk) {
  disks[0].publish(kManifestFile, {}, true);
  begin();
  EXPECT_EQ(broken_by([&] { post(0); }), "manifest_comes_last");
  disks[0].remove(kManifestFile);
  EXPECT_EQ(broken_by([&] { post(0); }), "");
  EXPECT_EQ(broken_by([&] { auditor.on_end(Errc::interrupted); }), "verdict_is_explained");
}

TEST_F(ResumeChecks, the_result_of_an_earlier_job_stays_while_nothing_is_sent) {
  disks[0].publish(kManifestFile, {}, true);
  begin();
  faults.happened(Fault::all_interrupted);
  EXPECT_EQ(broken_by([&] { auditor.on_end(Errc::interrupted); }), "");
  disks[0].remove(kManifestFile);
  EXPECT_EQ(broken_by([&] { auditor.on_end(Errc::interrupted); }), "manifest_comes_last");
}

TEST_F(ResumeChecks, what_was_kept_counts_and_stays) {
  for (std::uint64_t i = 0; i < 3; ++i) disks[1 + i % 2].publish(i, kBytes, true);
  begin();
  EXPECT_EQ(broken_by([&] { auditor.on_transferred(3); }), "everything_is_moved");
  for (std::uint64_t i = 0; i < 3; ++i) auditor.on_chunk_kept({i});
  EXPECT_EQ(broken_by([&] { auditor.on_transferred(3); }), "");
  EXPECT_EQ(broken_by([&] { auditor.on_over(Errc::ok, {}); }), "counters_agree");
  EXPECT_EQ(broken_by([&] { auditor.on_over(Errc::ok, {.chunks_kept = 3, .bytes_kept = {6}}); }),
            "");
  disks[0].publish(kManifestFile, {}, true);
  EXPECT_EQ(broken_by([&] { auditor.on_end(Errc::ok); }), "");
  disks[2].remove(1);
  EXPECT_EQ(broken_by([&] { auditor.on_end(Errc::ok); }), "acknowledged_is_on_disk");
}

TEST_F(ResumeChecks, what_was_kept_outlives_a_power_cut_with_fsync) {
  scenario.fsync = true;
  for (std::uint64_t i = 0; i < 3; ++i) disks[1 + i % 2].publish(i, kBytes, i != 1);
  begin();
  for (std::uint64_t i = 0; i < 3; ++i) auditor.on_chunk_kept({i});
  for (const int rank : {1, 2}) auditor.on_closed_heard(Rank{rank}, {});
  EXPECT_EQ(broken_by([&] { auditor.on_publishing(); }), "manifest_comes_last");
  disks[2].sync_all();
  EXPECT_EQ(broken_by([&] { auditor.on_publishing(); }), "");
}

TEST_F(ResumeChecks, who_looks_and_tells_is_not_blamed) {
  auditor.on_transfer_began();
  pass(9s);
  auditor.on_held_chunks_received(kWorker);
  pass(9s);
  EXPECT_EQ(broken_by([&] { auditor.on_blame(kWorker, Silence::of_its_holdings); }),
            "stalls_are_real");
  EXPECT_EQ(broken_by([&] { auditor.on_blame({2}, Silence::of_its_holdings); }), "");
}

TEST_F(Checks, a_job_in_which_a_worker_has_failed_does_not_end_well) {
  move_all();
  disks[0].publish(kManifestFile, {}, true);
  EXPECT_EQ(broken_by([&] { auditor.on_end(Errc::ok); }), "");
  auditor.on_worker_failed(kWorker);
  EXPECT_EQ(broken_by([&] { auditor.on_end(Errc::ok); }), "verdict_is_explained");
}

// The disks that one job leaves are those that the next one finds.
TEST_F(Checks, a_job_that_goes_on_sends_what_is_missing) {
  Disks left;
  ASSERT_EQ(run(scenario, nullptr, &left).verdict, Errc::ok);
  ASSERT_EQ(left.size(), 3U);
  left[1].visible.erase(2);
  scenario.resume = true;
  const RunResult result = run(scenario, nullptr, &left);
  EXPECT_EQ(result.verdict, Errc::ok);
  EXPECT_EQ(result.kept, 2U);
  EXPECT_EQ(result.chunks, 1U);
  EXPECT_TRUE(left[1].visible.contains(2));
}

// Every way of damage comes; nothing else changes.
TEST_F(Checks, files_decay_between_two_jobs) {
  Disk::Content content;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    content.visible[i] = std::make_shared<Disk::File>(Disk::File{.bytes = kBytes, .synced = 2});
  }
  Random random{1};
  decay(content, random);
  const auto cut = std::ranges::count_if(
      content.visible, [](const auto& entry) { return entry.second->bytes.size() < 2; });
  const auto flipped = std::ranges::count_if(content.visible, [](const auto& entry) {
    return entry.second->bytes.size() == 2 && entry.second->bytes != kBytes;
  });
  EXPECT_LT(content.visible.size(), 1000U);
  EXPECT_GT(cut, 0);
  EXPECT_GT(flipped, 0);
  EXPECT_LT(1000 - static_cast<long>(content.visible.size()) + cut + flipped, 200);
}

}  // namespace
}  // namespace mpiferry::sim
