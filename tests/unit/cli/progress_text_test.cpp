// What the line of progress says, and that it is true.
#include "cli/output/progress_text.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "cli/output/units.hpp"

namespace mpiferry::cli {
namespace {

using namespace std::chrono_literals;

std::string line(const Progress& progress, const Stretch& recent, std::size_t columns = 200) {
  return fitted(progress_fields(progress, recent), columns);
}

Progress half(std::chrono::nanoseconds elapsed) {
  return {
      .moved = 350_MiB, .chunks_moved = 350, .total = 700_MiB, .in_flight = 16, .elapsed = elapsed};
}

TEST(ProgressText, says_done_of_total_speed_elapsed_and_left_in_the_same_units) {
  EXPECT_EQ(line(half(7s), {7s, 350_MiB, 0_B}),
            " 50.0 %  350.0 of 700.0 MiB  50.0 MiB/s  7 s elapsed  ETA 7 s  16 chunks in flight");
  EXPECT_EQ(line({.moved = 700_MiB, .total = 2_GiB, .in_flight = 1, .elapsed = 125900ms},
                 {10s, 64_KiB, 0_B}),
            " 34.1 %  700.0 MiB of 2.0 GiB  6.4 KiB/s  2 m 05 s elapsed  ETA 59 h 54 m  1 chunk in "
            "flight");
}

TEST(ProgressText, fits_into_any_width_and_leaves_the_least_useful_out_first) {
  const Progress progress = half(7s);
  const Stretch recent{7s, 350_MiB, 0_B};
  for (std::size_t columns = 0; columns < 120; ++columns) {
    EXPECT_LE(line(progress, recent, columns).size(), columns);
  }
  EXPECT_EQ(line(progress, recent, 79),
            " 50.0 %  350.0 of 700.0 MiB  50.0 MiB/s  7 s elapsed  ETA 7 s");
  EXPECT_EQ(line(progress, recent, 39), " 50.0 %  350.0 of 700.0 MiB  ETA 7 s");
  EXPECT_EQ(line(progress, recent, 19), " 50.0 %  ETA 7 s");
  EXPECT_EQ(line(progress, recent, 4), " 50.");
}

TEST(ProgressText, of_a_stream_promises_no_end) {
  EXPECT_EQ(line({.moved = 64_KiB, .in_flight = 2, .elapsed = 1s}, {1s, 64_KiB, 0_B}),
            "64.0 KiB  64.0 KiB/s  1 s elapsed  2 chunks in flight");
}

TEST(ProgressText, says_all_only_when_all_is_done) {
  Progress progress{.moved = 10_GiB - 1_B, .total = 10_GiB};
  EXPECT_EQ(line(progress, {}).substr(0, 7), " 99.9 %");
  progress.moved = 10_GiB;
  EXPECT_EQ(line(progress, {}).substr(0, 7), "100.0 %");
}

TEST(ProgressText, promises_no_end_while_nothing_moves_and_none_in_years) {
  EXPECT_EQ(line(half(60s), {10s, 0_B, 0_B}).find("ETA"), std::string::npos);
  EXPECT_NE(line(half(60s), {10s, 0_B, 0_B}).find("  0 B/s  "), std::string::npos);
  EXPECT_EQ(line(half(60s), {10s, 1_B, 0_B}).find("ETA"), std::string::npos);
  EXPECT_EQ(line(half(0s), {}).find("ETA"), std::string::npos);
}

// 1 GiB was looked through in the time in which 10 MiB were sent.
TEST(ProgressText, of_a_resumed_job_takes_no_kept_chunk_for_a_sent_one) {
  const Progress progress{.moved = 10_MiB,
                          .chunks_moved = 10,
                          .kept = 1_GiB,
                          .chunks_kept = 1024,
                          .total = 2_GiB,
                          .in_flight = 2,
                          .elapsed = 10s};
  EXPECT_EQ(line(progress, {10s, 10_MiB, 1_GiB}),
            " 50.4 %  1.0 of 2.0 GiB  1.0 MiB/s  10 s elapsed  ETA at least 10 s  10 chunks sent, "
            "1024 kept  2 chunks in flight");
  EXPECT_EQ(line(progress, {10s, 10_MiB, 0_B}),
            " 50.4 %  1.0 of 2.0 GiB  1.0 MiB/s  10 s elapsed  ETA 16 m 54 s  10 chunks sent, 1024 "
            "kept  2 chunks in flight");
}

TEST(Pace, is_that_of_all_the_time_at_first) {
  Pace pace;
  const Stretch recent = pace.recent({.moved = 1_MiB, .elapsed = 100ms});
  EXPECT_EQ(recent.time, 100ms);
  EXPECT_EQ(recent.moved, 1_MiB);
}

// Chunks are kept for a minute, then sent.
TEST(Pace, forgets_what_was_more_than_ten_seconds_ago) {
  Pace pace;
  Stretch recent;
  for (std::uint64_t tick = 1; tick <= 720; ++tick) {
    const Bytes kept{1000 * std::min<std::uint64_t>(tick, 600)};
    const Bytes moved{tick <= 600 ? 0 : 10 * (tick - 600)};
    recent = pace.recent({.moved = moved, .kept = kept, .elapsed = tick * 100ms});
    if (tick == 600) {
      EXPECT_EQ(recent.time, 10s);
      EXPECT_EQ(recent.kept, Bytes{100'000});
      EXPECT_EQ(recent.moved, 0_B);
    }
  }
  EXPECT_EQ(recent.time, 10s);
  EXPECT_EQ(recent.kept, 0_B);
  EXPECT_EQ(recent.moved, Bytes{1000});
}

// Large chunks are acknowledged seldom: the speed must not be nothing in between.
TEST(Pace, reaches_back_to_the_last_change_before) {
  Pace pace;
  Stretch recent;
  for (std::uint64_t tick = 1; tick <= 350; ++tick) {
    recent = pace.recent({.moved = Bytes{1000 * (tick / 150)}, .elapsed = tick * 100ms});
    if (tick >= 150) {
      EXPECT_GT(recent.moved, 0_B) << tick;
    }
  }
  EXPECT_EQ(recent.time, 20s);
  EXPECT_EQ(recent.moved, Bytes{1000});
}

TEST(Pace, of_a_job_that_hangs_goes_towards_nothing) {
  Pace pace;
  pace.recent({.moved = 1_MiB, .elapsed = 1s});
  for (const auto elapsed : {5s, 50s, 500s}) {
    const Stretch recent = pace.recent({.moved = 1_MiB, .elapsed = elapsed});
    EXPECT_EQ(human_rate(recent.moved, recent.time), human_rate(1_MiB, elapsed));
  }
}

TEST(Units, say_speeds_in_the_unit_that_fits) {
  EXPECT_EQ(human_rate(64_KiB, 1s), "64.0 KiB/s");
  EXPECT_EQ(human_rate(700_MiB, 2s), "350.0 MiB/s");
  EXPECT_EQ(human_rate(100_B, 1s), "100 B/s");
  EXPECT_EQ(human_rate(100_B, 0s), "0 B/s");
  EXPECT_EQ(human_rate({~std::uint64_t{0}}, 1ns), "888.2 PiB/s");
}

TEST(Units, say_times_without_a_fraction) {
  EXPECT_EQ(whole_seconds(999ms), "0 s");
  EXPECT_EQ(whole_seconds(59999ms), "59 s");
  EXPECT_EQ(whole_seconds(60s), "1 m 00 s");
  EXPECT_EQ(whole_seconds(7260s), "2 h 01 m");
  EXPECT_EQ(eta_text(1100ms), "ETA 2 s");
  EXPECT_EQ(eta_text(0s), "ETA 0 s");
}

}  // namespace
}  // namespace mpiferry::cli
