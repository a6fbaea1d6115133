// Watches a run from outside and keeps its own book: what was read, sent, promised and blamed. It
// knows the promises of docs/reference/protocol.md, and nothing of how engine/protocol keeps them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/failure.hpp"
#include "engine/base/units.hpp"
#include "engine/wire/ack.hpp"
#include "engine/wire/header.hpp"
#include "engine/wire/job.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/invariant.hpp"
#include "tests/sim/scenario.hpp"
#include "tests/sim/world.hpp"

namespace mpiferry::sim {

// What a worker is blamed for.
enum class Silence : std::uint8_t { to_the_job, to_chunks, of_its_holdings };

struct Counters {
  std::uint64_t chunks_written = 0;
  std::uint64_t chunks_resent = 0;
  std::uint64_t chunks_corrupt = 0;
  Bytes bytes_written = {};
  std::uint64_t chunks_kept = 0;
  Bytes bytes_kept = {};
};

// Every function throws Broken. Not thread-safe.
class Auditor {
 public:
  Auditor(const World& world, const Faults& faults, const Scenario& scenario);

  // The disk of each rank, by rank, as they are before the job begins.
  void set_disks(std::vector<const Disk*> disks);

  // The master.
  void on_job_sent() { job_sent_ = world_.now(); }
  void on_chunk_read(ChunkIndex chunk, std::span<const std::byte> bytes);
  void on_chunk_posted(const wire::Header& header, Rank to);
  // It is not sent, as its own worker says that it has it.
  void on_chunk_kept(ChunkIndex chunk);
  void on_transfer_began();
  void on_held_chunks_received(Rank from) { member(from).last_report = world_.now(); }
  void on_ack_heard(Rank from, const wire::Ack& ack);
  // A write that failed ends the job.
  void on_no_way_out() const;
  void on_closed_heard(Rank from, const wire::Closed& closed);
  void on_blame(Rank worker, Silence silence) const;
  // Before the conductor hears of it.
  void on_failure(Errc code);
  void on_transferred(std::uint64_t chunks) const;
  void on_end_sent();
  // Each time that the master looks at its clock while it waits for the dismissed.
  void on_waiting() const;
  void on_given_up() const;
  void on_publishing() const;
  void on_over(Errc verdict, const Counters& counters);
  void on_master_stopped(Duration length);

  // The workers.
  void on_write_begun(Rank worker, std::optional<Errc> end, bool failed) const;
  void on_visible(Rank worker, std::uint64_t name, const std::vector<std::byte>& bytes) const;
  void on_answer(Rank worker, const wire::Ack& ack) const;
  // Before its last word.
  void on_worker_failed(Rank worker) { member(worker).failed = true; }
  void on_power_cut(Rank worker);
  // A worker has heard nothing of the master for so long.
  void on_master_given_up(Duration silent) const;

  // The run is over: `verdict` is what the user sees; nothing if the launcher ended it.
  void on_end(std::optional<Errc> verdict) const;

 private:
  struct Chunk {
    std::vector<std::byte> bytes;               // as they were read first
    std::optional<std::uint32_t> attempt = {};  // the last one that was posted
    Rank owner = kNoRank;
    std::uint32_t damaged = 0;  // answers `corrupt` that were heard, one an attempt
    bool written = false;       // so the master was told
    bool kept = false;          // it was there before
    bool rerouted = false;      // its owner could not write it, somebody else can
  };
  struct Member {
    std::uint32_t owed = 0;
    Time silent_since;
    Time last_report;  // of what it holds
    std::optional<wire::Closed> closed;
    bool power_cut = false;
    bool failed = false;    // whether or not the master has heard of it
    bool excluded = false;  // the master has heard that it cannot write
    bool had_its_last = false;
  };
  struct Stop {
    Time from;
    Time to;
  };

  Member& member(Rank rank) { return members_[static_cast<std::size_t>(rank.value)]; }
  const Member& member(Rank rank) const { return members_[static_cast<std::size_t>(rank.value)]; }
  bool somebody_can_write() const;
  const Disk& disk(Rank rank) const { return *disks_[static_cast<std::size_t>(rank.value)]; }
  // Since `then`, without the time in which the master was stopped.
  Duration awake_since(Time then) const;
  // How much of a stop the master may count nevertheless.
  Duration slack_since(Time then) const;
  // nullopt: for ever.
  std::optional<Duration> patience() const;
  void check_on_disk(ChunkIndex chunk, Rank worker, bool durable) const;
  // A result of an earlier job that this one has not touched.
  bool old_result_stays() const noexcept { return had_manifest_ && !some_left_; }

  const World& world_;
  const Faults& faults_;
  const Scenario& scenario_;
  std::vector<const Disk*> disks_;
  std::vector<Chunk> chunks_;
  std::vector<std::optional<std::vector<std::byte>>> before_;  // what lay in the chunks' places
  bool had_manifest_ = false;
  bool some_left_ = false;       // a chunk was sent
  std::vector<Member> members_;  // by rank
  std::vector<Stop> stops_;      // of the master
  std::uint64_t rerouted_ = 0;   // that left for somebody else
  Time job_sent_;
  std::optional<Time> end_sent_;
  std::optional<Errc> first_failure_;
  Time failed_;
  bool over_ = false;
};

}  // namespace mpiferry::sim
