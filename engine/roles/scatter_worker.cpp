#include "engine/roles/scatter_worker.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/base/machine.hpp"
#include "engine/disk/chunk_name.hpp"
#include "engine/disk/destination_failure.hpp"
#include "engine/disk/stripe_name.hpp"
#include "engine/plan/chunk_plan.hpp"
#include "engine/roles/preflight.hpp"
#include "engine/roles/publication.hpp"
#include "engine/roles/source_reader.hpp"

namespace mpiferry::roles {

Result<std::unique_ptr<Duty>> ScatterWorker::take(const Post& post, const Message& message) {
  auto job = wire::decode_job(message.payload);
  if (!job) return std::move(job.error());
  return std::unique_ptr<Duty>{std::make_unique<ScatterWorker>(post, std::move(*job))};
}

// The mark goes after what this job has opened, and after its last write.
ScatterWorker::~ScatterWorker() {
  committer_.reset();
  store_.reset();
  if (marked_) directory_->leave_job_lock(job_lock_, std::move(job_lock_file_));
}

Task<Outcome> ScatterWorker::prepare() {
  if (Outcome same = check_build(post_.build, job_.build); !same) co_return same;
  if (job_.discard) co_return Nothing{};
  // A chunk that goes past the page cache is opened twice.
  const bool twice = job_.direct && job_.layout == wire::Layout::chunks;
  Outcome ready = check_open_files(twice ? 2 * job_.window : job_.window);
  if (ready)
    ready = co_await occupy();  // may remove files: what can be known before is checked before
  if (ready && post_.fsm.cancelled()) co_return Nothing{};
  if (ready) ready = probe();
  if (ready && job_.fsync) ready = directory_->sync();  // an ack means durable, path included
  if (!ready) co_return ready;
  if (job_.resume) co_await count_kept_space();
  store_ = std::make_shared<ChunkStore>(directory_, job_, post_.self(), post_.job_id);
  co_return store_->open();
}

// Asked again and again while the preparations take their time: tells the master of them.
bool ScatterWorker::has_to_stop() {
  if (post_.fsm.cancelled()) return true;
  heartbeat_.beat();
  return false;
}

// After the files that are in the way have gone: they may be what fills the disk.
Outcome ScatterWorker::probe() const {
  Outcome writable = directory_->probe_writable();
  if (writable) return writable;
  // What is there already needs no room, and what finds none may go elsewhere.
  return disk::is_full(writable.error()) && (job_.resume || job_.reroute) ? Outcome{Nothing{}}
                                                                          : writable;
}

void ScatterWorker::start() {
  const std::uint32_t window = job_.window;
  // A lane's buffer also takes the end.
  chunk_pool_.emplace(std::max(job_.chunk_size, wire::kControlPayload), window);
  receiver_.emplace(protocol::ReceiverConfig{.self = post_.self(),
                                             .workers = job_.workers,
                                             .job_id = post_.job_id,
                                             .chunk_size = job_.chunk_size,
                                             .source_size = job_.source_size,
                                             .reroute = job_.reroute});
  acks_.emplace(post_.context, post_.communicator, window, post_.job_id, post_.changed, post_.fail);
  if (job_.fsync && directory_) committer_.emplace(post_.context.io(), *directory_, window);
  receive_slots_.resize(window);
  open_slots_ = window;
  // All receives are posted before the master hears that it may send.
  for (std::size_t i = 0; i < receive_slots_.size(); ++i) {
    post_receive(i, *chunk_pool_->try_acquire());
    boost::asio::co_spawn(post_.context.io(), slot(i), Rethrow{});
  }
  post_.control.send(kMaster, wire::Tag::status, wire::Kind::ready, post_.job_id, described());
  if (!job_.resume) return;
  looking_ = true;
  boost::asio::co_spawn(post_.context.io(), scan_held_chunks(), Rethrow{});
}

// This worker and its directory.
wire::Ready ScatterWorker::described() const {
  wire::Ready ready;
  ready.host = post_.host;
  ready.machine = machine_id(post_.host);
  if (!directory_) return ready;
  ready.directory = directory_->path();
  ready.directory_id = directory_->id();
  ready.shares_master_directory = shares_;
  ready.capacity = capacity_for(job_, post_.self(), *directory_, kept_);
  return ready;
}

void ScatterWorker::end() {
  for (const mpi::Operation& operation : receive_slots_) post_.context.cancel(operation);
}

Task<Outcome> ScatterWorker::publish(const wire::End& end) {
  if (!store_) co_return Nothing{};
  if (job_.resume) {
    count_kept(end.chunks);
    Outcome removed = co_await remove_stale(end);
    // A worker that cannot write cannot remove either; the manifest knows where its chunks are.
    if (!removed && !unwritable_) co_return removed;
    if (job_.preserve) {
      Outcome stamped = co_await stamp_kept(end.chunks);
      if (!stamped && !unwritable_) co_return stamped;
    }
  }
  // Chunks that were kept may have been written by a job without --fsync.
  if (job_.resume && job_.fsync && job_.layout == wire::Layout::chunks) {
    if (Outcome synced = directory_->sync_file_system(); !synced) co_return synced;
  }
  if (Outcome digested = co_await catch_up(); !digested) co_return digested;
  if (Outcome published = store_->publish(); !published) co_return published;
  if (end.sums_file.empty()) co_return Nothing{};
  const auto listing = [this, &end](const LineSink& put) {
    for (const auto& [chunk, digest] : receiver_->foreign()) {
      put(wire::sums_line(disk::ChunkName{ChunkIndex{chunk}}.view(), digest));
    }
    if (const auto digest = store_->stripe_digest()) {
      return put(wire::sums_line(disk::stripe_name(post_.self()), *digest));
    }
    const auto digests = receiver_->digests();
    for (std::uint64_t k = 0; k < digests.size(); ++k) {
      if (!receiver_->holds(k)) continue;
      const ChunkIndex chunk = plan::chunk_of(post_.self(), k, job_.workers);
      if (chunk.value >= end.chunks) break;  // of a longer source
      put(wire::sums_line(disk::ChunkName{chunk}.view(), digests[k]));
    }
  };
  Outcome listed = publish_sums(
      *directory_, end.sums_file, post_.job_id, listing,
      {.mode = job_.attributes ? job_.attributes->mode : wire::kAnyMode, .durable = job_.fsync});
  // Where not even chunks could be written, the job does without a list of them.
  co_return unwritable_ ? Outcome{Nothing{}} : listed;
}

// A stripe of which a chunk was replaced, or came late, is read back.
Task<Outcome> ScatterWorker::catch_up() {
  const mpi::MpiContext::BusyGuard awake{post_.context};
  std::vector<std::byte> buffer(kSlice);
  for (;;) {
    const auto more = store_->catch_up(buffer);
    if (!more) co_return more.error();
    if (!*more) co_return Nothing{};
    heartbeat_.beat();
    co_await yield_turn(post_.context.io());
  }
}

wire::Closed ScatterWorker::closed() const {
  if (!receiver_) return {};
  return {.chunks_written = receiver_->chunks_written(),
          .bytes_written = receiver_->bytes_written(),
          .chunks_corrupt = receiver_->chunks_corrupt(),
          .ack_messages = acks_->messages(),
          .stripe_digest = store_ ? store_->stripe_digest() : std::nullopt};
}

void ScatterWorker::add_to(Report& report) const {
  if (!receiver_) return;
  report.chunks_written = receiver_->chunks_written();
  report.bytes_written = receiver_->bytes_written();
  report.chunks_corrupt = receiver_->chunks_corrupt();
}

}  // namespace mpiferry::roles
