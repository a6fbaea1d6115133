#include "tests/sim/auditor.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/plan/chunk_plan.hpp"

namespace mpiferry::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The master looks at its clock every 100 ms, and counts half a second of each stop.
constexpr Duration kTick = milliseconds{100};
constexpr Duration kCountedOfAStop = milliseconds{500};

double in_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

Auditor::Auditor(const World& world, const Faults& faults, const Scenario& scenario)
    : world_(world), faults_(faults), scenario_(scenario), members_(scenario.workers + 1) {}

void Auditor::set_disks(std::vector<const Disk*> disks) {
  disks_ = std::move(disks);
  had_manifest_ = disk(kMaster).find(kManifestFile) != nullptr;
  if (!scenario_.resume) return;
  for (std::uint64_t i = 0; i < scenario_.chunks(); ++i) {
    const auto* bytes = disk(plan::owner({i}, scenario_.workers)).find(i);
    before_.push_back(bytes == nullptr ? std::nullopt : std::optional{*bytes});
  }
}

void Auditor::on_chunk_read(ChunkIndex chunk, std::span<const std::byte> bytes) {
  if (chunk.value == chunks_.size()) {
    chunks_.push_back({.bytes = {bytes.begin(), bytes.end()}});
  }
}

void Auditor::on_chunk_posted(const wire::Header& header, Rank to) {
  const std::uint64_t i = header.chunk.value;
  require(!first_failure_ && !end_sent_, Invariant::nothing_after_the_end,
          "chunk {} leaves after {}", i, end_sent_ ? "the end" : "a failure");
  require(i < chunks_.size(), Invariant::everything_is_moved, "chunk {} leaves unread", i);
  Chunk& chunk = chunks_[i];
  Member& worker = member(to);
  require(disk(kMaster).find(kManifestFile) == nullptr, Invariant::manifest_comes_last,
          "chunk {} leaves while the result of an earlier job is there", i);
  some_left_ = true;
  if (!chunk.attempt || chunk.rerouted) {
    require(chunk.attempt || i >= before_.size() || before_[i] != chunk.bytes,
            Invariant::held_is_kept, "chunk {} leaves for rank {}, which has it", i, to.value);
    require(header.attempt == 0, Invariant::resends_are_asked_for,
            "chunk {} leaves first as attempt {}", i, header.attempt);
    // The chunk that was being read when the master heard of it may still leave.
    require(!worker.excluded || !std::exchange(worker.had_its_last, true),
            Invariant::resends_are_asked_for, "chunk {} leaves for rank {}, which cannot write", i,
            to.value);
    rerouted_ += chunk.rerouted ? 1 : 0;
    chunk.rerouted = false;
    chunk.damaged = 0;
    chunk.owner = to;
    if (worker.owed++ == 0) worker.silent_since = world_.now();
    require(worker.owed <= scenario_.effective_window(), Invariant::credit,
            "rank {} owes {} answers, the window is {}", to.value, worker.owed,
            scenario_.effective_window());
  } else {
    require(to == chunk.owner && header.attempt == *chunk.attempt + 1 && !chunk.written &&
                chunk.damaged == header.attempt && header.attempt <= scenario_.retries,
            Invariant::resends_are_asked_for,
            "chunk {}, attempt {}, to rank {}: {} of {} retries, damaged {} times{}", i,
            header.attempt, to.value, *chunk.attempt, scenario_.retries, chunk.damaged,
            chunk.written ? ", and written" : "");
    worker.silent_since = world_.now();
  }
  chunk.attempt = header.attempt;
}

void Auditor::on_chunk_kept(ChunkIndex chunk) {
  const Rank worker = plan::owner(chunk, scenario_.workers);
  const auto* bytes = disk(worker).find(chunk.value);
  require(scenario_.resume && chunk.value < chunks_.size() && bytes != nullptr &&
              (*bytes == chunks_[chunk.value].bytes || member(worker).power_cut),
          Invariant::kept_is_there, "chunk {} is not sent, and rank {} has {}", chunk.value,
          worker.value, bytes == nullptr ? "nothing" : "other bytes");
  chunks_[chunk.value].owner = worker;
  chunks_[chunk.value].kept = true;
}

void Auditor::on_transfer_began() {
  for (Member& it : members_) it.last_report = world_.now();
}

void Auditor::on_ack_heard(Rank from, const wire::Ack& ack) {
  if (ack.chunk.value >= chunks_.size()) return;
  Chunk& chunk = chunks_[ack.chunk.value];
  if (chunk.owner != from || chunk.written || chunk.rerouted || ack.attempt != chunk.attempt)
    return;
  if (ack.status == wire::AckStatus::corrupt) {
    if (chunk.damaged == ack.attempt) ++chunk.damaged;
  } else if (ack.status == wire::AckStatus::written) {
    if (chunk.damaged > ack.attempt) return;  // the attempt was answered already
    chunk.written = true;
    --member(from).owed;
  } else if (scenario_.reroute && chunk.damaged <= ack.attempt) {
    member(from).excluded = true;
    chunk.rerouted = somebody_can_write();
    if (chunk.rerouted) --member(from).owed;
  }
  member(from).silent_since = world_.now();
}

bool Auditor::somebody_can_write() const {
  return std::any_of(members_.begin() + 1, members_.end(),
                     [](const Member& it) { return !it.excluded; });
}

void Auditor::on_no_way_out() const {
  require(!scenario_.reroute || !somebody_can_write(), Invariant::verdict_is_explained,
          "a write that failed ends the job although somebody else can write");
}

void Auditor::on_closed_heard(Rank from, const wire::Closed& closed) {
  member(from).closed = closed;
}

void Auditor::on_blame(Rank worker, Silence silence) const {
  const Member& it = member(worker);
  const Time since = silence == Silence::to_the_job  ? job_sent_
                     : silence == Silence::to_chunks ? it.silent_since
                                                     : it.last_report;
  require(silence != Silence::to_chunks || it.owed > 0, Invariant::stalls_are_real,
          "rank {} is blamed, and owes nothing", worker.value);
  require(awake_since(since) + slack_since(since) > scenario_.stall_timeout,
          Invariant::stalls_are_real, "rank {} is blamed after {:.3f} s", worker.value,
          in_seconds(awake_since(since)));
}

void Auditor::on_master_given_up(Duration silent) const {
  const bool stopped = std::ranges::any_of(
      stops_, [&](const Stop& stop) { return stop.to > world_.now() - silent - 2 * kTick; });
  require(!world_.alive(kMaster) || stopped || over_, Invariant::stalls_are_real,
          "the master is given up after {:.3f} s, and was there", in_seconds(silent));
  require(silent > scenario_.stall_timeout, Invariant::stalls_are_real,
          "the master is given up after {:.3f} s", in_seconds(silent));
}

void Auditor::on_failure(Errc code) {
  if (first_failure_ || over_) return;
  first_failure_ = code;
  failed_ = world_.now();
}

void Auditor::on_transferred(std::uint64_t chunks) const {
  const auto written = static_cast<std::uint64_t>(std::ranges::count_if(
      chunks_, [](const Chunk& chunk) { return chunk.written || chunk.kept; }));
  require(chunks == scenario_.chunks() && written == chunks, Invariant::everything_is_moved,
          "the transfer of {} chunks ends with {} of {} written or kept", scenario_.chunks(),
          written, chunks);
}

void Auditor::on_end_sent() { end_sent_ = world_.now(); }

std::optional<Duration> Auditor::patience() const {
  if (!first_failure_) {
    if (scenario_.stall_timeout == Duration::zero()) return std::nullopt;
    return scenario_.stall_timeout;
  }
  const bool short_one =
      *first_failure_ == Errc::interrupted || *first_failure_ == Errc::worker_stalled;
  return short_one ? seconds{1} : seconds{5};
}

void Auditor::on_waiting() const {
  if (!end_sent_ || over_ || !patience()) return;
  const Time since = first_failure_ ? std::max(*end_sent_, failed_) : *end_sent_;
  require(awake_since(since) <= *patience() + 2 * kTick, Invariant::patience,
          "the master waits for the dismissed since {:.3f} s", in_seconds(awake_since(since)));
}

void Auditor::on_given_up() const {
  // A stalled worker itself is not waited for, and all others may have closed at once.
  if (first_failure_ == Errc::worker_stalled) return;
  const Time since = std::max(*end_sent_, first_failure_ ? failed_ : *end_sent_);
  require(patience() && awake_since(since) + slack_since(since) > *patience(), Invariant::patience,
          "the dismissed are given up after {:.3f} s", in_seconds(awake_since(since)));
}

void Auditor::on_publishing() const {
  require(!first_failure_, Invariant::manifest_comes_last, "the result of a failed job appears");
  for (std::uint32_t rank = 1; rank <= scenario_.workers; ++rank) {
    require(members_[rank].closed.has_value(), Invariant::manifest_comes_last,
            "the result appears before rank {} has closed", rank);
  }
  if (scenario_.discard) return;
  for (std::uint64_t i = 0; i < scenario_.chunks(); ++i) {
    require(i < chunks_.size(), Invariant::manifest_comes_last, "chunk {} was never read", i);
    const Rank owner = chunks_[i].owner;
    const auto* bytes = owner == kNoRank || (member(owner).power_cut && !scenario_.fsync)
                            ? &chunks_[i].bytes
                            : disk(owner).find(i);
    require(owner != kNoRank && bytes != nullptr && *bytes == chunks_[i].bytes,
            Invariant::manifest_comes_last, "the result appears without chunk {}", i);
    if (!scenario_.fsync || member(owner).power_cut) continue;
    const Disk::File* file = disk(owner).find_durable(i);
    require(
        file != nullptr && file->bytes == chunks_[i].bytes && file->synced == file->bytes.size(),
        Invariant::manifest_comes_last, "the result appears, and a power cut would take chunk {}",
        i);
  }
}

void Auditor::on_over(Errc verdict, const Counters& counters) {
  over_ = true;
  require(verdict == first_failure_.value_or(verdict == Errc::worker_stalled ? verdict : Errc::ok),
          Invariant::first_failure_wins, "the verdict is {}, but the first failure was {}",
          error_name(verdict), error_name(first_failure_.value_or(Errc::ok)));
  if (verdict != Errc::ok) return;
  Counters workers;
  for (const Member& it : members_) {
    if (!it.closed) continue;
    workers.chunks_written += it.closed->chunks_written;
    workers.bytes_written += it.closed->bytes_written;
    workers.chunks_corrupt += it.closed->chunks_corrupt;
  }
  const std::uint64_t chunks = counters.chunks_written + counters.chunks_kept;
  const Bytes bytes = counters.bytes_written + counters.bytes_kept;
  require(chunks == scenario_.chunks() && bytes == scenario_.source_size, Invariant::counters_agree,
          "{} chunks, {} bytes of {} chunks, {} bytes are there", chunks, bytes.value,
          scenario_.chunks(), scenario_.source_size.value);
  // Who could not write a chunk may still write a copy of it that nobody waits for.
  const bool twice = scenario_.reroute && faults_.has(Fault::chunk_duplicated);
  require((counters.chunks_written == workers.chunks_written &&
           counters.bytes_written == workers.bytes_written) ||
              (twice && counters.chunks_written <= workers.chunks_written),
          Invariant::counters_agree, "the master counts {} chunks, the workers {}",
          counters.chunks_written, workers.chunks_written);
  if (faults_.has(Fault::chunk_duplicated)) return;  // its copies are checked, too
  require(counters.chunks_resent == counters.chunks_corrupt + rerouted_ &&
              counters.chunks_corrupt == workers.chunks_corrupt,
          Invariant::counters_agree, "{} chunks resent, {} damaged, {} by the workers",
          counters.chunks_resent, counters.chunks_corrupt, workers.chunks_corrupt);
}

void Auditor::on_master_stopped(Duration length) {
  const Time from = stops_.empty() ? world_.now() : std::max(world_.now(), stops_.back().to);
  const Time to = world_.now() + length;
  if (to > from) stops_.push_back({from, to});
}

Duration Auditor::awake_since(Time then) const {
  Duration awake = world_.now() - then;
  for (const Stop& stop : stops_) {
    const Time from = std::max(stop.from, then);
    const Time to = std::min(stop.to, world_.now());
    if (to > from) awake -= to - from;
  }
  return awake;
}

Duration Auditor::slack_since(Time then) const {
  const auto stops = std::ranges::count_if(
      stops_, [&](const Stop& stop) { return stop.to > then && stop.from < world_.now(); });
  return stops * (kCountedOfAStop + kTick);
}

}  // namespace mpiferry::sim
