#include "engine/operations/scatter/resumption.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "engine/job/source_reader.hpp"
#include "engine/operations/scatter/clearing.hpp"
#include "engine/plan/chunk_plan.hpp"
#include "engine/plan/layout.hpp"

namespace mpiferry::operations {

using job::Task;

namespace {

// Chunks in one report: the master reads the first while the others are looked at.
constexpr std::size_t kReport = 64;
static_assert(kReport <= wire::kMaxHeld);
constexpr std::size_t kReportsUnderWay = 4;
// A worker whose disk is slow reports what it has found, so that it does not seem to hang.
constexpr std::chrono::milliseconds kMaxSilence{100};

plan::ChunkPlan plan_of(const wire::Job& job) { return {*job.source.size, job.chunk_size}; }

}  // namespace

Task<Share> kept_share(const job::WorkerContext& context, const wire::Job& job,
                       WorkerDestination& destination) {
  constexpr std::uint64_t kLooksInATurn = 256;
  const disk::Directory& directory = *destination.directory();
  const plan::Layout layout{job.layout};
  if (!job.source.size || job.reroute || layout.makes_one_file()) co_return Share{};
  if (layout.makes_worker_files()) co_return kept_stripe(job, context.self(), directory);
  Share kept;
  const transport::BusyGuard busy{context.transport()};
  const auto distribution = plan::Distribution::round_robin(job.workers);
  const std::uint64_t own = distribution.chunks_of(context.self(), plan_of(job));
  for (std::uint64_t k = 0; k < own; ++k) {
    const Share there = kept_chunk(job, distribution.chunk_of(context.self(), k), directory);
    kept.bytes += there.bytes;
    kept.files += there.files;
    if (k % kLooksInATurn != 0) continue;
    co_await job::yield_turn(context.io());
    if (destination.has_to_stop()) break;
  }
  co_return kept;
}

Resumption::Resumption(const job::WorkerContext& context, const wire::Job& job,
                       const WorkerDestination& destination, protocol::Receiver& receiver,
                       std::shared_ptr<ChunkStore> store)
    : context_(context),
      job_(job),
      distribution_(plan::Distribution::round_robin(job.workers)),
      destination_(destination),
      receiver_(receiver),
      store_(std::move(store)),
      reports_(wire::kControlPayload, kReportsUnderWay) {}

Task<> Resumption::scan() {
  std::vector<std::byte> buffer(std::min<std::size_t>(job::kDigestSlice, job_.chunk_size.value));
  const auto store = store_;
  wire::HeldChunksMessage held;
  const std::uint64_t last = last_to_look_at();
  std::uint64_t gap = 0;
  clock::Time reported = context_.environment.clock.now();
  for (std::uint64_t k = 0; k < last && gap < kMaxWindow; ++k) {
    const ChunkIndex chunk = distribution_.chunk_of(context_.self(), k);
    if (chunk.value >= kMaxChunks) break;
    const auto digest = co_await inspect(chunk, buffer);
    if (context_.fsm.cancelled()) break;
    gap = digest || job_.source.size ? 0 : gap + 1;
    if (digest) {
      receiver_.on_found(k, *digest);
      held.held.push_back({chunk, *digest});
    }
    held.looked_at = k + 1;
    const clock::Time now = context_.environment.clock.now();
    if (held.looked_at % kReport != 0 && now < reported + kMaxSilence) continue;
    const bool sent = co_await report(held);
    if (!sent) break;
    reported = now;
    held.held.clear();
    held.first = held.looked_at;
  }
  held.looked_at = wire::kAllLookedAt;
  co_await report(held);
  scanning_ = false;
  context_.changed.notify();
}

// Of a stream nobody knows where it will end: what is there is looked at, up to the first gap of a
// window.
std::uint64_t Resumption::last_to_look_at() const {
  return job_.source.size ? distribution_.chunks_of(context_.self(), plan_of(job_))
                          : distribution_.position_of({kMaxChunks}) + 1;
}

// Nothing of a stream.
std::optional<Bytes> Resumption::length_of(ChunkIndex chunk) const {
  return job_.source.size ? std::optional{plan_of(job_).length_of(chunk)} : std::nullopt;
}

// The digest of what lies in the place of a chunk; nothing if it has another length, or cannot be
// read.
Task<std::optional<std::uint64_t>> Resumption::inspect(ChunkIndex chunk,
                                                       std::span<std::byte> buffer) {
  if (!store_->begin_inspection(chunk, length_of(chunk))) co_return std::nullopt;
  for (std::size_t slices = 1;; ++slices) {
    if (const auto seen = store_->inspection().step(buffer)) {
      const Bytes found = store_->inspection().digested();
      if (*seen && found < job_.chunk_size) short_ = {chunk, found};
      if (slices == 1) {
        const transport::BusyGuard busy{context_.transport()};
        co_await job::yield_turn(context_.io());
      }
      co_return *seen;
    }
    // Messages have their turn every few hundred microseconds.
    if (slices % 4 != 0) continue;
    const transport::BusyGuard busy{context_.transport()};
    co_await job::yield_turn(context_.io());
    if (context_.fsm.cancelled()) co_return std::nullopt;
  }
}

// False if the job is cancelled before it can be sent.
Task<bool> Resumption::report(const wire::HeldChunksMessage& held) {
  while (reports_.in_use() == kReportsUnderWay && !context_.fsm.cancelled()) {
    co_await context_.changed.wait();
  }
  if (context_.fsm.cancelled()) co_return false;
  auto lease = reports_.try_acquire();
  const std::size_t length = wire::encode(held, lease->payload());
  const job::Operation operation = job::send_sealed(
      context_.transport(),
      {.kind = wire::Kind::held_chunks, .job_id = context_.job_id, .length = {length}},
      std::move(*lease), context_.upstream(), wire::Tag::status);
  async_wait(context_.transport(), operation, Sent{this});
  co_return true;
}

void Resumption::Sent::operator()(const job::ErrorCode& error, job::Completion completion) const {
  if (error) self->context_.fail(completion.failure(error));
  completion.lease.reset();
  self->context_.changed.notify();
}

Task<Outcome> Resumption::settle(const wire::End& end, bool unwritable) {
  count_kept(end.chunks);
  Outcome settled = co_await remove_stale(end);
  if (!settled && !unwritable) co_return settled;
  if (job_.preserve) {
    settled = co_await stamp_kept(end.chunks);
    if (!settled && !unwritable) co_return settled;
  }
  co_return Nothing{};
}

// Chunks that were kept may have been written by a job without --fsync.
Outcome Resumption::sync_kept() const {
  if (!job_.fsync || !plan::Layout{job_.layout}.makes_chunk_files()) return Nothing{};
  return destination_.directory()->sync_file_system();
}

// What a stripe holds that was not written in this job decides how long it is.
void Resumption::count_kept(std::uint64_t chunks) {
  for (std::uint64_t k = 0; k < receiver_.digests().size(); ++k) {
    const ChunkIndex chunk = distribution_.chunk_of(context_.self(), k);
    if (chunk.value >= chunks) break;
    if (!receiver_.kept(k)) continue;
    const bool last_of_stream = short_.first == chunk && chunk.value + 1 == chunks;
    store_->on_kept(chunk,
                    length_of(chunk).value_or(last_of_stream ? short_.second : job_.chunk_size));
  }
}

// --preserve: chunks of a job without it, or of a source that had another mode or time then.
Task<Outcome> Resumption::stamp_kept(std::uint64_t chunks) {
  constexpr std::uint64_t kFilesInATurn = 64;
  const transport::BusyGuard busy{context_.transport()};
  std::uint64_t files = 0;
  for (std::uint64_t k = 0; k < receiver_.digests().size(); ++k) {
    const ChunkIndex chunk = distribution_.chunk_of(context_.self(), k);
    if (chunk.value >= chunks) break;
    if (!receiver_.kept(k)) continue;
    if (Outcome stamped = store_->stamp(chunk); !stamped) co_return stamped;
    if (++files % kFilesInATurn != 0) continue;
    context_.beat();
    co_await job::yield_turn(context_.io());
  }
  co_return Nothing{};
}

Task<Outcome> Resumption::remove_stale(const wire::End& end) {
  disk::ToRemove to_remove = [this, &end](disk::FileKind kind,
                                          std::optional<std::uint64_t> number) {
    return is_stale(end, kind, number);
  };
  std::function<bool()> stop = [this] {
    context_.beat();
    return false;  // the job ends well already
  };
  co_return co_await clear(context_.environment, *destination_.directory(), "", std::move(stop),
                           std::move(to_remove));
}

// Chunks and stripes of a longer source, of another number of ranks, or of jobs that are dead; and
// the manifest of a job whose rank 0 was here.
bool Resumption::is_stale(const wire::End& end, disk::FileKind kind,
                          std::optional<std::uint64_t> number) const {
  // A directory of its own, and no link to another's: then it has a plain list of sums.
  const bool mine_alone =
      job_.destination.find("{rank}") != std::string::npos && end.sums_file == disk::kSumsName;
  const auto self = static_cast<std::uint64_t>(context_.self().value);
  switch (kind) {
    case disk::FileKind::chunk: {
      if (!number || *number >= end.chunks) return true;
      if (distribution_.worker_of(ChunkIndex{*number}) != context_.self()) {
        return mine_alone && !receiver_.foreign().contains(*number);
      }
      const bool held = receiver_.holds(distribution_.position_of(ChunkIndex{*number}));
      // Where several workers write, one of them may have written it in its stead.
      return plan::Layout{job_.layout}.has_own_file(false) ? !held && mine_alone
                                                           : held || mine_alone;
    }
    case disk::FileKind::stripe:
    case disk::FileKind::partial_stripe:
      return !number || *number > job_.workers || (mine_alone && *number != self);
    case disk::FileKind::sums:
      return !destination_.shares_masters() &&
             (!number || *number > job_.workers || *number == self);
    case disk::FileKind::manifest:
      return !destination_.shares_masters();
    case disk::FileKind::shared_file:
    case disk::FileKind::partial_shared:
    case disk::FileKind::partial:  // gone before the look (is_dead_partial_file)
    case disk::FileKind::job_lock:
    case disk::FileKind::foreign:
      return false;
  }
  return false;
}

}  // namespace mpiferry::operations
