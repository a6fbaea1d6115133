#include "tests/simulation/auditor.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "engine/wire/job.hpp"

namespace mpiferry::simulation {
namespace {

using namespace std::chrono_literals;

// Until rank 0 has looked at what has arrived.
constexpr Duration kReading = 1ms;
// From the end of a job that has failed until those that do not answer are given up; and what the
// master's clock may add.
constexpr Duration kPatience = 5s;
constexpr Duration kSlack = 2s;

double in_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

// Nothing stands for bytes that are no ack.
template <class Act>
void each_ack(std::span<const std::byte> payload, Act act) {
  for (; payload.size() >= wire::kAckSize; payload = payload.subspan(wire::kAckSize)) {
    const auto ack = wire::decode_ack(payload.first<wire::kAckSize>());
    act(ack ? std::optional{*ack} : std::nullopt);
  }
}

}  // namespace

void Auditor::require(bool holds, const char* promise, const std::string& what) {
  if (!holds) broken_(fmt::format("{}: {}", promise, what));
}

void Auditor::begin(bool resume, bool faults, Sending sending) {
  sending_ = std::move(sending);
  running_ = true;
  faults_ = faults;
  chunks_.assign(it_.chunks(), {});
  workers_.assign(it_.workers + 1, Worker{.silent_since = world_.now()});
  damaged_.clear();
  end_sent_.reset();
  over_sent_.reset();
  interrupted_ = false;
  some_sent_ = false;
  had_manifest_ = files_.has_manifest();
  for (std::uint64_t i = 0; resume && i < it_.chunks(); ++i) {
    chunks_[i].had = files_.has(files_.owner_of(i), i, false);
  }
}

void Auditor::on_send(Rank from, Rank to, std::span<const std::byte> message) {
  const auto header = running_ ? wire::decode(message) : Result<wire::Header>{Failure{}};
  if (!header) return;
  const auto payload = message.subspan(kHeaderSize);
  switch (header->kind) {
    case wire::Kind::chunk:
      return on_chunk(*header, to);
    case wire::Kind::acks:
      return on_acks_sent(from, payload);
    case wire::Kind::end:
      return on_end(payload);
    case wire::Kind::over:
      if (!over_sent_) over_sent_ = world_.now();
      break;
    case wire::Kind::failed:
      ++worker(from).failures;
      break;
    default:
      break;
  }
}

void Auditor::on_chunk(const wire::Header& header, Rank to) {
  const std::uint64_t i = header.chunk.value;
  if (i >= chunks_.size()) return broken_(fmt::format("chunk {} is sent, which is none", i));
  Chunk& chunk = chunks_[i];
  some_sent_ = true;
  require(!files_.has_manifest(), "the manifest comes last",
          fmt::format("chunk {} is sent while one is there", i));
  require(!end_sent_, "nothing is sent after the end", fmt::format("chunk {}", i));
  if (!chunk.attempt || chunk.rerouted) {
    on_first_attempt(header, chunk, to);
  } else {
    require(
        to == chunk.to && header.attempt == *chunk.attempt + 1 && !chunk.written &&
            chunk.damaged == header.attempt && header.attempt <= it_.retries,
        "resends are asked for",
        fmt::format("chunk {}, attempt {}, to rank {}, found damaged {} times{}", i, header.attempt,
                    to.value, chunk.damaged, chunk.written ? ", and written" : ""));
    worker(to).silent_since = world_.now();
  }
  chunk.attempt = header.attempt;
}

void Auditor::on_first_attempt(const wire::Header& header, Chunk& chunk, Rank to) {
  const std::uint64_t i = header.chunk.value;
  Worker& receiver = worker(to);
  require(header.attempt == 0, "resends are asked for",
          fmt::format("chunk {} is sent first as attempt {}", i, header.attempt));
  require(faults_ || !chunk.had, "what is there is kept",
          fmt::format("chunk {} is sent to rank {}, which has it", i, to.value));
  // Those that leave before rank 0 has looked at what it was told, and the one that was being read.
  require(!receiver.excluded || world_.now() - *receiver.excluded < kReading ||
              !std::exchange(receiver.had_its_last, true),
          "a worker that cannot write gets no more chunks",
          fmt::format("chunk {}, rank {}", i, to.value));
  chunk.rerouted = false;
  chunk.damaged = 0;
  chunk.to = to;
  if (receiver.owed++ == 0) receiver.silent_since = world_.now();
  require(receiver.owed <= it_.window, "a window is not exceeded",
          fmt::format("rank {} owes {} answers, the window is {}", to.value, receiver.owed,
                      it_.window));
}

void Auditor::on_acks_sent(Rank from, std::span<const std::byte> payload) {
  each_ack(payload, [&](const std::optional<wire::Ack>& ack) {
    if (!ack || ack->chunk.value >= chunks_.size()) {
      broken_(fmt::format("rank {} sends an answer that is none", from.value));
    } else if (ack->status == wire::AckStatus::written) {
      check_written(*ack, from);
    } else if (ack->status == wire::AckStatus::corrupt) {
      require(damaged_.contains({ack->chunk.value, ack->attempt}), "only damage is called damage",
              fmt::format("chunk {}, attempt {}", ack->chunk.value, ack->attempt));
    }
  });
}

void Auditor::check_written(const wire::Ack& ack, Rank from) {
  if (it_.discard) return;
  // What was written for a job that has failed may have been discarded.
  if (over_sent_ || (end_sent_ && end_ != Errc::ok && it_.stopped == from)) return;
  require(files_.has(from, ack.chunk.value, false), "what is acknowledged is written",
          fmt::format("chunk {} of rank {}", ack.chunk.value, from.value));
  require(files_.final_file_is_right(from), "what has a name is whole",
          fmt::format("rank {} writes into its finished file", from.value));
  require(!it_.fsync || files_.has(from, ack.chunk.value, true),
          "what is acknowledged survives a power cut",
          fmt::format("chunk {} of rank {}", ack.chunk.value, from.value));
}

void Auditor::on_end(std::span<const std::byte> payload) {
  if (end_sent_) return;
  end_sent_ = world_.now();
  for (Worker& it : workers_) it.silent = world_.now() - it.silent_since;
  const auto end = wire::decode_end(payload);
  if (end) end_ = end->verdict;
  require(end_ != Errc::ok || sending_() == 0, "a transfer ends when MPI has no chunk any more",
          "some are still being sent");
  require(!interrupted_ || (end && end->verdict == Errc::interrupted), "the first failure counts",
          "rank 0 was interrupted first");
}

void Auditor::on_arrival(Rank from, Rank to, std::span<const std::byte> message, bool damaged) {
  const auto header = running_ ? wire::decode(message) : Result<wire::Header>{Failure{}};
  if (!header) return;
  const auto payload = message.subspan(kHeaderSize);
  if (header->kind == wire::Kind::chunk && damaged) {
    damaged_.insert({header->chunk.value, header->attempt});
  }
  if (to != kMaster) return;
  if (header->kind == wire::Kind::closed) {
    worker(from).closed = true;
    const auto closed = wire::decode_closed(payload);
    if (closed && closed->failure) ++worker(from).failures;
  }
  if (header->kind != wire::Kind::acks) return;
  each_ack(payload, [&](const std::optional<wire::Ack>& ack) {
    if (ack && ack->chunk.value < chunks_.size()) on_ack(from, *ack);
  });
}

void Auditor::on_told(Rank to, std::span<const std::byte> message) {
  const auto header = running_ ? wire::decode(message) : Result<wire::Header>{Failure{}};
  if (!header || to == kMaster) return;
  Worker& receiver = worker(to);
  if (header->kind == wire::Kind::end) {
    const auto end = wire::decode_end(message.subspan(kHeaderSize));
    receiver.has_failed_end = receiver.has_failed_end || (end && end->verdict != Errc::ok);
  } else if (header->kind == wire::Kind::chunk && receiver.has_failed_end) {
    receiver.late.insert(header->chunk.value);
  }
}

void Auditor::on_written(Rank self, ChunkIndex chunk) {
  require(!running_ || !worker(self).late.contains(chunk.value), "a failed job writes nothing more",
          fmt::format("rank {} writes chunk {}", self.value, chunk.value));
}

void Auditor::on_ack(Rank from, const wire::Ack& ack) {
  Chunk& chunk = chunks_[ack.chunk.value];
  if (chunk.to != from || chunk.written || chunk.rerouted || ack.attempt != chunk.attempt) return;
  worker(from).silent_since = world_.now();
  switch (ack.status) {
    case wire::AckStatus::corrupt:
      if (chunk.damaged == ack.attempt) ++chunk.damaged;
      break;
    case wire::AckStatus::written:
      chunk.written = true;
      --worker(from).owed;
      break;
    case wire::AckStatus::write_failed:
      if (!worker(from).excluded) worker(from).excluded = world_.now();
      chunk.rerouted = it_.reroute && somebody_can_write();
      if (chunk.rerouted) --worker(from).owed;
      break;
  }
}

bool Auditor::somebody_can_write() const {
  return std::any_of(workers_.begin() + 1, workers_.end(),
                     [](const Worker& worker) { return !worker.excluded.has_value(); });
}

void Auditor::on_unexpected(Rank to, std::span<const std::byte> message) {
  const auto header = wire::decode(message);
  require(!header || header->kind != wire::Kind::chunk || it_.copies > 0, "chunks find a receive",
          fmt::format("a chunk reaches rank {} before one is posted for it", to.value));
}

void Auditor::on_named(std::string_view path) {
  if (!running_) return;
  if (path.ends_with("/manifest.json")) return check_published();
  require(files_.is_right(path).value_or(true), "what has a name is whole", std::string{path});
}

// The manifest has just appeared.
void Auditor::check_published() {
  for (std::uint32_t rank = 1; rank <= it_.workers; ++rank) {
    require(workers_[rank].closed, "the manifest comes last",
            fmt::format("rank {} has not closed", rank));
  }
  require(files_.is_whole(), "the manifest comes last", "something is missing");
  require(std::ranges::all_of(workers_, [](const Worker& it) { return it.failures == 0; }) ||
              it_.reroute,
          "the manifest comes last", "a worker has failed");
}

void Auditor::end(const ScatterReport& report) {
  running_ = false;
  const JobReport& master = report.job;
  require(!faults_ || it_.explains(master.verdict), "a fault explains a failure",
          master.failure ? master.failure->message() : std::string{error_name(master.verdict)});
  const bool enough = std::ranges::any_of(
      chunks_, [this](const Chunk& chunk) { return chunk.damaged > it_.retries; });
  require(master.verdict != Errc::chunk_corrupt || enough, "retries are made",
          "no chunk was damaged so often");
  if (interrupted_) {
    require(master.verdict == Errc::interrupted || master.ok(), "the first failure counts",
            fmt::format("rank 0 was interrupted, and ends with {}", error_name(master.verdict)));
  }
  if (files_.has_manifest()) {
    require((master.ok() && !it_.discard) || (had_manifest_ && !some_sent_),
            "a manifest says that a job went well", std::string{error_name(master.verdict)});
  } else {
    require(!master.ok() || it_.discard, "a job that went well has a manifest", "there is none");
  }
  if (master.ok()) check_counters(report);
  if (master.verdict == Errc::dest_write_failed && it_.reroute) check_reroute(master);
  if (master.verdict == Errc::worker_stalled) check_blame(master);
  if (end_sent_ && over_sent_ && !master.ok() && it_.stopped != kMaster) {
    require(*over_sent_ - *end_sent_ <= kPatience + kSlack, "patience ends",
            fmt::format("{:.3f} s from the end to the last message",
                        in_seconds(*over_sent_ - *end_sent_)));
  }
}

void Auditor::check_counters(const ScatterReport& report) {
  const TransferReport& transfer = report.transfer;
  if (!it_.discard || transfer.chunks_written > 0) {
    require(transfer.chunks_written + report.chunks_kept == it_.chunks() || report.untouched,
            "counters agree",
            fmt::format("{} chunks are written and {} kept of {}", transfer.chunks_written,
                        report.chunks_kept, it_.chunks()));
    require(transfer.bytes_written + report.bytes_kept == it_.size || report.untouched,
            "counters agree", "not all bytes are written or kept");
  }
  const auto written = std::ranges::count_if(chunks_, &Chunk::written);
  require(
      std::cmp_equal(written, transfer.chunks_written), "counters agree",
      fmt::format("{} chunks were acknowledged, {} are counted", written, transfer.chunks_written));
  require(transfer.peak_in_flight <= it_.window && transfer.peak_buffers <= transfer.buffers,
          "memory has a bound",
          fmt::format("{} chunks in flight of {}, {} buffers of {}", transfer.peak_in_flight,
                      it_.window, transfer.peak_buffers, transfer.buffers));
}

// Only what a worker cannot write as a chunk of another's ends a job that reroutes.
void Auditor::check_reroute(const JobReport& master) {
  if (!master.failure || master.failure->rank == kMaster) return;
  const bool told = std::ranges::any_of(workers_, [](const Worker& it) { return it.failures > 0; });
  require(told || !somebody_can_write(), "a worker that can write takes over",
          "a chunk that could not be written ended the job");
}

// Who is said to be silent has been silent.
void Auditor::check_blame(const JobReport& master) {
  if (!master.failure || master.failure->rank == kNoRank || it_.stopped == kMaster) return;
  const Rank rank = master.failure->rank;
  // Who is silent after the end is given up by another rule.
  if (rank == kMaster || !end_sent_ || end_ == Errc::ok) return;
  const Duration silent = worker(rank).silent;
  require(silent + kSlack > it_.stall_timeout, "stalls are real",
          fmt::format("rank {} is blamed after {:.3f} s", rank.value, in_seconds(silent)));
}

}  // namespace mpiferry::simulation
