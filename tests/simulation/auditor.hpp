// Watches a scatter from outside and keeps its own book: what was sent, answered and written. It
// knows the promises of docs/reference/protocol.md, and nothing of how the engine keeps them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/units.hpp"
#include "engine/operations/scatter/report.hpp"
#include "engine/wire/ack.hpp"
#include "engine/wire/header.hpp"
#include "tests/simulation/layout_reader.hpp"
#include "tests/simulation/scenario.hpp"

namespace mpiferry::simulation {

class Auditor {
 public:
  using Broken = std::function<void(std::string)>;
  // `broken` is told of each promise that is not kept.
  Auditor(const Scenario& scenario, const World& world, const LayoutReader& files, Broken broken)
      : it_(scenario), world_(world), files_(files), broken_(std::move(broken)) {}

  // A scatter begins. `faults` says whether those of the scenario happen in it; `sending` returns
  // how many chunks of rank 0 MPI has.
  using Sending = std::function<std::size_t()>;
  void begin(bool resume, bool faults, Sending sending);
  // It is over, in order or not. What rank 0 reports.
  void end(const ScatterReport& report);

  // Each message, as its send begins and as it arrives.
  void on_send(Rank from, Rank to, std::span<const std::byte> message);
  void on_arrival(Rank from, Rank to, std::span<const std::byte> message, bool damaged);
  // And as its receiver gets to know of it.
  void on_told(Rank to, std::span<const std::byte> message);
  void on_unexpected(Rank to, std::span<const std::byte> message);
  // A worker has written a chunk.
  void on_written(Rank self, ChunkIndex chunk);
  // A file has got this name.
  void on_named(std::string_view path);
  // Rank 0 has been interrupted; nothing had failed before.
  void on_first_interrupt() { interrupted_ = true; }

 private:
  struct Chunk {
    std::optional<std::uint32_t> attempt = {};  // the last one that was sent
    Rank to = kNoRank;
    std::uint32_t damaged = 0;  // answers that it came damaged, one an attempt
    bool written = false;       // so rank 0 was told
    bool rerouted = false;      // one could not write it, another can
    bool had = false;           // before the job, as it is in the source
  };
  struct Worker {
    std::uint32_t owed = 0;  // answers
    Time silent_since;
    Duration silent{};                  // when the end was sent
    std::optional<Time> excluded = {};  // since rank 0 was told that it cannot write
    bool had_its_last = false;
    bool closed = false;
    std::uint64_t failures = 0;         // messages that say so
    bool has_failed_end = false;        // it was told that the job has failed
    std::set<std::uint64_t> late = {};  // chunks that it was told of after that
  };

  Worker& worker(Rank rank) { return workers_[static_cast<std::size_t>(rank.value)]; }
  bool somebody_can_write() const;
  void on_chunk(const wire::Header& header, Rank to);
  void on_first_attempt(const wire::Header& header, Chunk& chunk, Rank to);
  void on_acks_sent(Rank from, std::span<const std::byte> payload);
  void on_ack(Rank from, const wire::Ack& ack);
  void on_end(std::span<const std::byte> payload);
  void check_written(const wire::Ack& ack, Rank from);
  void check_published();
  void check_counters(const ScatterReport& report);
  void check_reroute(const JobReport& master);
  void check_blame(const JobReport& master);
  void require(bool holds, const char* promise, const std::string& what);

  const Scenario& it_;
  const World& world_;
  const LayoutReader& files_;
  const Broken broken_;
  bool running_ = false;
  Sending sending_;
  bool faults_ = false;
  std::vector<Chunk> chunks_;
  std::vector<Worker> workers_;                                // by rank
  std::set<std::pair<std::uint64_t, std::uint32_t>> damaged_;  // chunk and attempt, on their way
  std::optional<Time> end_sent_;
  Errc end_ = Errc::ok;  // what it said
  std::optional<Time> over_sent_;
  bool interrupted_ = false;
  bool had_manifest_ = false;  // of an earlier job
  bool some_sent_ = false;
};

}  // namespace mpiferry::simulation
