// What the tests of the checkers share: a small job, and which invariant something breaks.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/sim/auditor.hpp"

namespace mpiferry::sim {

inline const std::vector<std::byte> kBytes{std::byte{1}, std::byte{2}};
inline constexpr Rank kWorker{1};

// A job of two workers with a window of 2, and of three chunks of two bytes.
inline Scenario small_job() {
  Scenario scenario;
  scenario.workers = 2;
  scenario.window = 2;
  scenario.memory_chunks = 100;
  scenario.retries = 1;
  scenario.chunk_size = {2};
  scenario.source_size = {6};
  scenario.stall_timeout = std::chrono::seconds{10};
  return scenario;
}

class Checks : public ::testing::Test {
 protected:
  Checks() {
    std::vector<const Disk*> all;
    for (int rank = 0; rank <= 2; ++rank) {
      all.push_back(&disks.emplace_back(Rank{rank}, faults, scenario, Random{1}));
    }
    auditor.set_disks(all);
  }

  void read_chunks() {
    for (std::uint64_t i = 0; i < 3; ++i) auditor.on_chunk_read({i}, kBytes);
  }
  void post(std::uint64_t chunk, Rank to = kWorker, std::uint32_t attempt = 0) {
    auditor.on_chunk_posted({.kind = wire::Kind::chunk, .chunk = {chunk}, .attempt = attempt}, to);
  }
  void hear(std::uint64_t chunk, wire::AckStatus status = wire::AckStatus::written,
            Rank from = kWorker) {
    auditor.on_ack_heard(from, {.chunk = {chunk}, .status = status});
  }
  // All three chunks to rank 1, one after the other, and onto its disk.
  void move_all() {
    read_chunks();
    for (std::uint64_t i = 0; i < 3; ++i) {
      post(i);
      disks[1].publish(i, kBytes, true);
      hear(i);
    }
    auditor.on_closed_heard({1}, {.chunks_written = 3, .bytes_written = {6}});
    auditor.on_closed_heard({2}, {});
  }
  void pass(Duration time) {
    world.after(time, kNoRank, [] {});
    world.step();
  }

  Scenario scenario = small_job();
  World world{3};
  Faults faults{{}};
  std::deque<Disk> disks;
  Auditor auditor{world, faults, scenario};
};

// The invariant that `act` breaks; "" if it breaks none.
template <class Act>
std::string broken_by(Act act) {
  try {
    act();
  } catch (const Broken& broken) {
    return std::string{invariant_name(broken.invariant())};
  }
  return "";
}

}  // namespace mpiferry::sim
