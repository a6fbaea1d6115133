#include "engine/operations/scatter/scatter_worker.hpp"

#include <functional>
#include <utility>
#include <vector>

#include "engine/disk/file_name.hpp"
#include "engine/job/own_thread.hpp"
#include "engine/job/preflight.hpp"
#include "engine/job/source_reader.hpp"
#include "engine/plan/distribution.hpp"
#include "engine/plan/layout.hpp"

namespace mpiferry::operations {

using job::Task;

ScatterWorker::ScatterWorker(const job::WorkerContext& context, wire::Job job)
    : context_(context), job_(std::move(job)), destination_(context, job_) {}

Result<std::unique_ptr<job::WorkerHalf>> ScatterWorker::make(const job::WorkerContext& context,
                                                             const job::Message& message) {
  auto job = wire::decode_job(message.payload);
  if (!job) return std::move(job.error());
  return std::unique_ptr<job::WorkerHalf>{
      std::make_unique<ScatterWorker>(context, std::move(*job))};
}

Task<Outcome> ScatterWorker::prepare() {
  if (Outcome same = job::check_build(context_.build, job_.master.build); !same) co_return same;
  if (job_.discard) co_return Nothing{};
  // A chunk that goes past the page cache is opened twice.
  const bool twice = job_.direct && plan::Layout{job_.layout}.makes_chunk_files();
  Outcome ready =
      job::check_open_files(context_.environment.storage, twice ? 2 * job_.window : job_.window);
  if (ready) ready = co_await destination_.claim();
  if (!ready || context_.fsm.cancelled()) co_return ready;
  if (job_.resume) kept_ = co_await kept_share(context_, job_, destination_);
  store_ = std::make_shared<ChunkStore>(destination_.directory(), job_, context_.self(),
                                        context_.job_id);
  ready = store_->open();
  if (!ready || !job_.fsync) co_return ready;
  auto committer = Committer::start(context_.io(), context_.environment.threads,
                                    store_->directory(), job_.window);
  if (!committer) co_return std::move(committer.error());
  committer_ = std::move(*committer);
  co_return Nothing{};
}

void ScatterWorker::start() {
  receiver_.emplace(protocol::ReceiverConfig{.self = context_.self(),
                                             .workers = job_.workers,
                                             .job_id = context_.job_id,
                                             .chunk_size = job_.chunk_size,
                                             .source_size = job_.source.size,
                                             .reroute = job_.reroute});
  acks_.emplace(context_, job_.window);
  slots_.emplace(context_, job_, *receiver_, *acks_, store_, std::move(committer_),
                 [this] { return destination_.unpublish(); });
  // All receives are posted before the master hears that it may send.
  slots_->start();
  context_.send_status(wire::Kind::ready, destination_.ready_message(kept_));
  if (!job_.resume) return;
  resumption_.emplace(context_, job_, destination_, *receiver_, store_);
  boost::asio::co_spawn(context_.io(), resumption_->scan(), job::Rethrow{});
}

bool ScatterWorker::on_message(const job::Message& message) {
  if (message.header.kind != wire::Kind::clear) return false;
  destination_.on_clear();
  return true;
}

void ScatterWorker::on_end() {
  if (slots_) slots_->cancel();
}

Task<Outcome> ScatterWorker::publish(const wire::End& end) {
  if (!store_) co_return Nothing{};
  Outcome done = Nothing{};
  if (resumption_) done = co_await resumption_->settle(end, slots_->unwritable());
  if (done) done = co_await digest_stripe();
  if (!done) co_return done;
  // What syncs and closes may take long; the master hears meanwhile that this worker is busy.
  std::function<Outcome()> work = [this, &end] { return name_files(end); };
  co_return co_await job::on_own_thread(context_.io(), context_.environment.threads,
                                        std::move(work));
}

// On a thread of its own.
Outcome ScatterWorker::name_files(const wire::End& end) {
  Outcome done = resumption_ ? resumption_->sync_kept() : Outcome{Nothing{}};
  if (done) done = store_->publish();
  if (!done || end.sums_file.empty()) return done;
  Outcome listed =
      publish_sums(*destination_.directory(), end.sums_file, context_.job_id,
                   [this, &end](const LineSink& put) { list_chunks(end, put); },
                   {.mode = job_.source.attributes ? job_.source.attributes->mode : wire::kAnyMode,
                    .durable = job_.fsync});
  // Where not even chunks could be written, the job does without a list of them.
  return slots_->unwritable() ? Outcome{Nothing{}} : listed;
}

// A stripe of which a chunk was replaced, or came late, is read back.
Task<Outcome> ScatterWorker::digest_stripe() {
  const transport::BusyGuard busy{context_.transport()};
  std::vector<std::byte> buffer(job::kSlice);
  for (;;) {
    const auto more = store_->catch_up(buffer);
    if (!more) co_return more.error();
    if (!*more) co_return Nothing{};
    context_.beat();
    co_await job::yield_turn(context_.io());
  }
}

void ScatterWorker::list_chunks(const wire::End& end, const LineSink& put) const {
  for (const auto& [chunk, digest] : receiver_->foreign()) {
    if (store_->writes(ChunkIndex{chunk}))
      put(wire::sums_line(disk::ChunkName{ChunkIndex{chunk}}.view(), digest));
  }
  if (const auto digest = store_->stripe_digest()) {
    return put(wire::sums_line(disk::stripe_name(context_.self()), *digest));
  }
  const auto distribution = plan::Distribution::round_robin(job_.workers);
  const auto digests = receiver_->digests();
  for (std::uint64_t k = 0; k < digests.size(); ++k) {
    if (!receiver_->holds(k)) continue;
    const ChunkIndex chunk = distribution.chunk_of(context_.self(), k);
    if (chunk.value >= end.chunks) break;  // of a longer source
    if (!store_->writes(chunk)) continue;
    put(wire::sums_line(disk::ChunkName{chunk}.view(), digests[k]));
  }
}

// The lock goes last: the next job finds no file of this one open.
void ScatterWorker::finish() {
  resumption_.reset();
  slots_.reset();
  store_.reset();
  destination_.release();
}

wire::Closed ScatterWorker::closed_message() const {
  if (!receiver_) return {};
  return {.chunks_written = receiver_->chunks_written(),
          .bytes_written = receiver_->bytes_written(),
          .chunks_corrupt = receiver_->chunks_corrupt(),
          .ack_messages = acks_->messages(),
          .stripe_digest = store_ ? store_->stripe_digest() : std::nullopt};
}

}  // namespace mpiferry::operations
