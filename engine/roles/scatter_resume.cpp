// A worker's part in a job that goes on: say what lies here, and remove what has no place any more.
#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "engine/plan/chunk_plan.hpp"
#include "engine/roles/clearing.hpp"
#include "engine/roles/preflight.hpp"
#include "engine/roles/scatter_worker.hpp"
#include "engine/roles/source_reader.hpp"

namespace mpiferry::roles {
namespace {

// Chunks in one report: the master reads the first while the others are looked at.
constexpr std::size_t kReport = 64;
static_assert(kReport <= wire::kMaxHeld);
constexpr std::size_t kReportsUnderWay = 4;
// A worker whose disk is slow reports what it has found, so that it does not seem to hang.
constexpr std::chrono::milliseconds kMaxSilence{100};

}  // namespace

// So that a job that cannot fit is refused before anything of the earlier one changes.
Task<> ScatterWorker::count_kept_space() {
  constexpr std::uint64_t kLooksInATurn = 256;
  if (!job_.source_size || job_.reroute) co_return;
  if (job_.layout == wire::Layout::stripes) {
    kept_ = kept_stripe(job_, post_.self(), *directory_);
  }
  if (job_.layout != wire::Layout::chunks) co_return;
  const mpi::MpiContext::BusyGuard awake{post_.context};
  const plan::ChunkPlan plan{*job_.source_size, job_.chunk_size, job_.workers};
  const std::uint64_t own = plan.chunks_of(post_.self());
  for (std::uint64_t k = 0; k < own; ++k) {
    const ChunkIndex chunk = plan::chunk_of(post_.self(), k, job_.workers);
    const Share there = kept_chunk(job_, chunk, *directory_);
    kept_.bytes += there.bytes;
    kept_.files += there.files;
    if (k % kLooksInATurn != 0) continue;
    co_await yield_turn(post_.context.io());
    if (has_to_stop()) break;
  }
}

// Chunk by chunk, in the order in which the master will want to know.
Task<> ScatterWorker::scan_held_chunks() {
  reports_.emplace(wire::kControlPayload, kReportsUnderWay);
  std::vector<std::byte> buffer(std::min<std::size_t>(kDigestSlice, job_.chunk_size.value));
  const auto store = store_;
  // Of a stream nobody knows where it will end: what is there is looked at, up to the first gap of
  // a window.
  std::uint64_t most = kMaxChunks / job_.workers + 1;
  if (job_.source_size) {
    most =
        plan::ChunkPlan{*job_.source_size, job_.chunk_size, job_.workers}.chunks_of(post_.self());
  }
  wire::HeldChunksMessage held_chunks;
  std::uint64_t gap = 0;
  auto reported = std::chrono::steady_clock::now();
  for (std::uint64_t k = 0; k < most && gap < kMaxWindow; ++k) {
    const ChunkIndex chunk = plan::chunk_of(post_.self(), k, job_.workers);
    if (chunk.value >= kMaxChunks) break;
    const auto digest = co_await look(chunk, buffer);
    if (post_.fsm.cancelled()) break;
    gap = digest || job_.source_size ? 0 : gap + 1;
    if (digest) {
      receiver_->on_found(k, *digest);
      held_chunks.held.push_back({chunk, *digest});
    }
    held_chunks.looked_at = k + 1;
    const auto now = std::chrono::steady_clock::now();
    if (held_chunks.looked_at % kReport != 0 && now < reported + kMaxSilence) continue;
    while (reports_->in_use() == kReportsUnderWay && !post_.fsm.cancelled()) {
      co_await post_.changed.wait();
    }
    if (post_.fsm.cancelled()) break;
    send_held_chunks(held_chunks);
    reported = now;
    held_chunks.held.clear();
    held_chunks.first = held_chunks.looked_at;
  }
  while (reports_->in_use() == kReportsUnderWay && !post_.fsm.cancelled()) {
    co_await post_.changed.wait();
  }
  if (!post_.fsm.cancelled()) {
    held_chunks.looked_at = wire::kAllLookedAt;
    send_held_chunks(held_chunks);
  }
  looking_ = false;
  post_.changed.notify();
}

// Nothing of a stream.
std::optional<Bytes> ScatterWorker::length_of(ChunkIndex chunk) const {
  if (!job_.source_size) return std::nullopt;
  return plan::ChunkPlan{*job_.source_size, job_.chunk_size, job_.workers}.length_of(chunk);
}

// The digest of what lies in the place of a chunk; nothing if it has another length, or cannot be
// read.
Task<std::optional<std::uint64_t>> ScatterWorker::look(ChunkIndex chunk,
                                                       std::span<std::byte> buffer) {
  if (!store_->begin_look(chunk, length_of(chunk))) co_return std::nullopt;
  for (std::size_t slices = 1;; ++slices) {
    if (const auto seen = store_->look_on(buffer)) {
      const Bytes found = store_->looked_at();
      if (*seen && found < job_.chunk_size) short_ = {chunk, found};
      if (slices == 1) {
        const mpi::MpiContext::BusyGuard awake{post_.context};
        co_await yield_turn(post_.context.io());
      }
      co_return *seen;
    }
    // Messages have their turn every few hundred microseconds.
    if (slices % 4 != 0) continue;
    const mpi::MpiContext::BusyGuard awake{post_.context};
    co_await yield_turn(post_.context.io());
    if (post_.fsm.cancelled()) co_return std::nullopt;
  }
}

void ScatterWorker::send_held_chunks(const wire::HeldChunksMessage& held_chunks) {
  auto lease = reports_->try_acquire();
  const std::size_t length = wire::encode(held_chunks, lease->payload());
  const mpi::Operation operation =
      send_sealed(post_.context, post_.communicator,
                  {.kind = wire::Kind::held_chunks, .job_id = post_.job_id, .length = {length}},
                  std::move(*lease), kMaster, wire::Tag::status);
  mpi::async_wait(post_.context, operation, Reported{this});
}

void ScatterWorker::Reported::operator()(const mpi::ErrorCode& error,
                                         mpi::Completion completion) const {
  if (error) self->post_.fail(completion.failure(error));
  completion.lease.reset();
  self->post_.changed.notify();
}

// Before the first chunk changes: sums of an earlier job are true no more, nor is the manifest of
// one whose rank 0 was here. The master's directory is the master's.
Outcome ScatterWorker::unpublish() {
  if (!job_.resume || shares_ || std::exchange(unpublished_, true)) return Nothing{};
  const std::string own_sums = fmt::format("{}.{}", disk::kSumsName, post_.self().value);
  for (const std::string_view name :
       {disk::kManifestName, disk::kSumsName, std::string_view{own_sums}}) {
    if (Outcome removed = directory_->remove(name); !removed) return removed;
  }
  return job_.fsync ? directory_->sync() : Outcome{Nothing{}};
}

// What a stripe holds that was not written in this job decides how long it is.
void ScatterWorker::count_kept(std::uint64_t chunks) {
  for (std::uint64_t k = 0; k < receiver_->digests().size(); ++k) {
    const ChunkIndex chunk = plan::chunk_of(post_.self(), k, job_.workers);
    if (chunk.value >= chunks) break;
    if (!receiver_->kept(k)) continue;
    const bool last_of_stream = short_.first == chunk && chunk.value + 1 == chunks;
    store_->on_kept(chunk,
                    length_of(chunk).value_or(last_of_stream ? short_.second : job_.chunk_size));
  }
}

// --preserve: chunks of a job without it, or of a source that had another mode or time then.
Task<Outcome> ScatterWorker::stamp_kept(std::uint64_t chunks) {
  constexpr std::uint64_t kFilesInATurn = 64;
  const mpi::MpiContext::BusyGuard awake{post_.context};
  std::uint64_t files = 0;
  for (std::uint64_t k = 0; k < receiver_->digests().size(); ++k) {
    const ChunkIndex chunk = plan::chunk_of(post_.self(), k, job_.workers);
    if (chunk.value >= chunks) break;
    if (!receiver_->kept(k)) continue;
    if (Outcome stamped = store_->stamp(chunk); !stamped) co_return stamped;
    if (++files % kFilesInATurn != 0) continue;
    heartbeat_.beat();
    co_await yield_turn(post_.context.io());
  }
  co_return Nothing{};
}

// Chunks and stripes of a longer source, of another number of ranks, or of jobs that are dead; and
// the manifest of a job whose rank 0 was here.
Task<Outcome> ScatterWorker::remove_stale(const wire::End& end) {
  // A directory of its own, and no link to another's: then it has a plain list of sums.
  const bool mine_alone =
      job_.destination.find("{rank}") != std::string::npos && end.sums_file == disk::kSumsName;
  const auto self = static_cast<std::uint64_t>(post_.self().value);
  disk::ToRemove to_remove = [&, self, mine_alone](disk::StaleFileKind kind,
                                                   std::optional<std::uint64_t> number) {
    switch (kind) {
      case disk::StaleFileKind::chunk: {
        if (!number || *number >= end.chunks) return true;
        const bool own = plan::owner(ChunkIndex{*number}, job_.workers) == post_.self();
        if (!own) return mine_alone && !receiver_->foreign().contains(*number);
        const bool held = receiver_->holds(*number / job_.workers);
        // Where several workers write, one of them may have written it in its stead.
        return job_.layout == wire::Layout::chunks ? !held && mine_alone : held || mine_alone;
      }
      case disk::StaleFileKind::stripe:
      case disk::StaleFileKind::partial_stripe:
        return !number || *number > job_.workers || (mine_alone && *number != self);
      case disk::StaleFileKind::sums:
        return !shares_ && (!number || *number > job_.workers || *number == self);
      case disk::StaleFileKind::manifest:
        return !shares_;
      default:
        return false;
    }
  };
  std::function<bool()> stop = [this] {
    heartbeat_.beat();
    return false;  // the job ends well already
  };
  co_return co_await clear(post_.context, *directory_, "", std::move(stop), std::move(to_remove));
}

}  // namespace mpiferry::roles
