#include "engine/operations/scatter/scatter_master.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "engine/disk/source.hpp"
#include "engine/job/fault_player.hpp"
#include "engine/job/preflight.hpp"
#include "engine/operations/scatter/publication.hpp"
#include "engine/plan/chunk_plan.hpp"
#include "engine/plan/data_share.hpp"
#include "engine/plan/distribution.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry::operations {

using job::Task;

ScatterMaster::ScatterMaster(job::MasterSession& session, const ScatterOptions& options)
    : session_(session),
      options_(options),
      layout_(options.layout),
      chunk_pool_(options.chunk_size, options.limits().buffers(session.workers())),
      destination_(session, options, source_, [this] { return source_begins(); }),
      notices_(session.environment().transport, session.environment().transport.size(),
               session.changed(),
               [&session](Failure failure) { session.fail(std::move(failure)); }) {}

Task<Outcome> ScatterMaster::prepare() {
  Outcome ready = validate(options_);
  if (ready) ready = job::check_faults(options_.job.faults, session_.workers());
  if (ready) ready = session_.observer().on_begin();
  if (ready) ready = job::check_open_files(session_.environment().storage);
  if (ready) ready = open_source();
  if (ready && !options_.discard) ready = co_await destination_.claim();
  if (!ready) co_return ready;
  if (options_.resume) held_chunks_.emplace(session_.workers(), chunks_.value_or(kMaxChunks));
  if (chunks_ && !session_.failed()) {
    session_.observer().on_source(options_.source, *chunks_, options_.chunk_size);
  }
  co_return Nothing{};
}

Outcome ScatterMaster::open_source() {
  auto source = disk::Source::open(session_.environment().storage, session_.environment().io(),
                                   options_.source);
  if (!source) return std::move(source.error());
  if (const auto size = source->size()) {
    chunks_ = plan::ChunkPlan{*size, options_.chunk_size}.chunks();
    if (*chunks_ > kMaxChunks) return too_many_chunks(options_);
  }
  const bool keep_holes = options_.sparse == Sparse::automatic && layout_.keeps_holes();
  source_ = SourceFacts::of(*source, keep_holes, options_.preserve);
  reader_.emplace(std::move(*source), options_.chunk_size);
  return Nothing{};
}

// Files that --force replaces stay for a stream from which nothing ever comes.
Task<> ScatterMaster::source_begins() {
  disk::Source& source = reader_->source();
  if (!source.is_stream()) co_return;
  bool waiting = false;
  while (!session_.failed() && !source.has_input()) {
    if (!std::exchange(waiting, true)) {
      source.readable().async_wait([this, &waiting](const boost::system::error_code& /*error*/) {
        waiting = false;
        session_.changed().notify();
      });
    }
    co_await session_.changed().wait();
  }
  if (waiting) source.readable().cancel();
  while (waiting) co_await session_.changed().wait();
}

void ScatterMaster::start() {
  wire::Job job = job_message();
  std::vector<Bytes> data;
  if (source_.sparse()) {
    data = plan::data_by_worker(source_.data, options_.chunk_size, session_.workers());
  }
  for (std::uint32_t i = 0; i < session_.workers(); ++i) {
    if (source_.sparse()) job.source.data = data[i];
    session_.send_job(Rank{static_cast<int>(i) + 1}, wire::Kind::job, job);
  }
}

wire::Job ScatterMaster::job_message() const {
  const disk::Source& source = reader_->source();
  return {.master = session_.identity(options_.job.build),
          .source = {.id = source.id(),
                     .shared_id = source.shared_id(),
                     .attributes = source.attributes(),
                     .size = source.size()},
          .destination = options_.destination,
          .job_lock = destination_.lock_text(),
          .chunk_size = options_.chunk_size,
          .layout = options_.layout,
          .window = options_.effective_window(),
          .workers = session_.workers(),
          .preserve = options_.preserve,
          .fsync = options_.fsync,
          .direct = options_.direct(),
          .force = options_.force,
          .resume = options_.resume,
          .reroute = options_.reroute,
          .discard = options_.discard,
          .stall_timeout = options_.job.stall_timeout,
          .faults = options_.job.faults};
}

void ScatterMaster::on_ready(Rank from, const wire::Ready& ready) {
  if (!clears()) capacity_.add(from, ready);  // else they were counted before anything went
}

Task<Outcome> ScatterMaster::clear_destination() {
  const StaleFiles& stale = destination_.stale_files();
  capacity_.add_freed_by_master(stale.bytes, stale.files);
  Outcome ready = capacity_.check(layout_);
  if (ready) ready = co_await destination_.clear();
  if (!ready || session_.failed()) co_return ready;
  for (std::uint32_t i = 1; i <= session_.workers(); ++i) {
    notices_.send(Rank{static_cast<int>(i)}, wire::Kind::clear, session_.job_id());
  }
  co_return Nothing{};
}

Task<> ScatterMaster::transfer() {
  sender_.emplace(
      session_, options_, *reader_, chunk_pool_, chunks_, held_chunks_ ? &*held_chunks_ : nullptr,
      [this](const protocol::Send& send, Bytes length) { return before_send(send, length); });
  if (held_chunks_) held_chunks_->begin(session_.now());
  co_await sender_->run();
  chunks_ = sender_->chunks();
  if (!session_.failed() && options_.source_check == SourceCheck::digest) {
    co_await read_source_again();
  }
  if (!session_.failed()) check_result();
}

// Of a finished job: a chunk that takes another's place is written beside it.
Outcome ScatterMaster::before_send(const protocol::Send& send, Bytes length) {
  if (destination_.unpublished()) return Nothing{};
  if (destination_.finished() && layout_.makes_chunk_files() && held_chunks_->finds(send.chunk)) {
    if (Outcome fits = capacity_.check_beside(send.to, length); !fits) return fits;
  }
  return destination_.unpublish();
}

// What was sent has the digest of the first reading: a file that still has it was not changed.
Task<> ScatterMaster::read_source_again() {
  disk::Source& source = reader_->source();
  if (source.is_stream()) co_return;  // can be read only once
  std::vector<std::byte> slice(job::kSlice);
  wire::FileDigest digest;
  for (Bytes at; at < *source.size() && !session_.failed();) {
    const auto read = source.read(at, slice);
    if (!read) {
      session_.fail(read.error());
      co_return;
    }
    digest.update(std::span{slice}.first(read->bytes));
    at += Bytes{read->bytes};
    const transport::BusyGuard busy{session_.environment().transport};
    co_await job::yield_turn(session_.environment().io());
  }
  if (session_.failed() || digest.value() == reader_->file_digest()) co_return;
  session_.fail({.code = Errc::source_changed,
                 .path = options_.source,
                 .detail = "a second reading gave different bytes",
                 .hint = "run it again when nothing writes to the source"});
}

// The last look before success is declared: a file that changed while it was read was not moved,
// and chunks among which another job has written are nobody's.
void ScatterMaster::check_result() {
  const bool mtime = options_.source_check == SourceCheck::mtime;
  Outcome right = reader_->source().check_unchanged(mtime);
  if (right && !options_.discard) right = destination_.check_still_ours();
  if (right && !options_.discard && !is_complete()) right = destination_.unpublish();
  if (!right) session_.fail(std::move(right.error()));
}

// Nothing was sent, and what lies there is this very job, as its manifest says.
bool ScatterMaster::is_complete() const {
  const auto& finished = destination_.finished();
  const protocol::Sender& sender = sender_->sender();
  return finished && sender.chunks_started() == sender.chunks_kept() &&
         finished->size == reader_->bytes() && finished->digest == reader_->file_digest() &&
         finished->chunk_size == options_.chunk_size && finished->layout == options_.layout &&
         finished->workers == session_.peers().manifest_workers() && finished->moved.empty();
}

void ScatterMaster::on_message(Rank from, const job::Message& message,
                               job::Completion& /*completion*/) {
  switch (message.header.kind) {
    case wire::Kind::acks:
      return on_acks(from, message.payload);
    case wire::Kind::capacity: {
      const auto ready = wire::decode_ready(message.payload);
      if (!ready) return session_.fail_at(from, ready.error());
      if (!clears() || session_.transferring()) break;
      capacity_.add(from, *ready);
      return session_.on_measured(from);
    }
    case wire::Kind::held_chunks: {
      const auto held = wire::decode_held_chunks(message.payload);
      if (!held) return session_.fail_at(from, held.error());
      if (!held_chunks_ || !held_chunks_->on_report(from, *held, session_.now())) break;
      return;
    }
    default:
      break;
  }
  session_.fail_at(from, {.code = Errc::unexpected_message});
}

void ScatterMaster::on_acks(Rank from, std::span<const std::byte> payload) {
  bool valid = sender_.has_value() && !payload.empty() && payload.size() % wire::kAckSize == 0;
  for (; valid && !payload.empty(); payload = payload.subspan(wire::kAckSize)) {
    const auto ack = wire::decode_ack(payload.first<wire::kAckSize>());
    valid = static_cast<bool>(ack);
    if (valid) on_ack(from, *ack);
  }
  if (!valid) session_.fail_at(from, {.code = Errc::bad_field, .detail = "a bad ack"});
}

void ScatterMaster::on_ack(Rank from, const wire::Ack& ack) {
  const protocol::AckEffect effect = sender_->on_ack(from, ack);
  if (effect != protocol::AckEffect::stale) {
    session_.observer().on_status(from, effect == protocol::AckEffect::written);
  }
  switch (effect) {
    case protocol::AckEffect::written:
    case protocol::AckEffect::resend:
    case protocol::AckEffect::stale:
      break;
    case protocol::AckEffect::exhausted:
      session_.fail_at(from, {.code = Errc::chunk_corrupt,
                              .detail = fmt::format(
                                  "chunk {} arrived damaged {} times, the last {} of them resent",
                                  ack.chunk.value, ack.attempt + 1, ack.attempt),
                              .hint = "check memory and network of that host, or raise `retries`"});
      break;
    case protocol::AckEffect::rerouted:
      if (std::ranges::find(warnings_, from, &Failure::rank) == warnings_.end()) {
        warnings_.push_back(unwritten(from, ack));
      }
      break;
    case protocol::AckEffect::write_failed:
      session_.fail(unwritten(from, ack));
      break;
    case protocol::AckEffect::invalid:
      session_.fail_at(
          from, {.code = Errc::unexpected_message,
                 .detail = fmt::format("an ack of chunk {}, attempt {}, that was never sent there",
                                       ack.chunk.value, ack.attempt)});
      break;
  }
}

Failure ScatterMaster::unwritten(Rank from, const wire::Ack& ack) const {
  const auto distribution = plan::Distribution::round_robin(session_.workers());
  const plan::FileOf kind = layout_.file_of(distribution.worker_of(ack.chunk) != from);
  Failure failure = write_failure(session_.peers().directory(from),
                                  written_name(kind, ack.chunk, from), ack.call, ack.system_errno);
  failure.rank = from;
  failure.host = session_.host(from);
  return failure;
}

void ScatterMaster::on_tick(clock::Time now) {
  if (!sender_) return;
  const protocol::Sender& sender = sender_->sender();
  const auto notable = session_.notable_silence();
  if (const auto stall = sender.stalled(now)) {
    session_.fail(
        session_.silence(job::worst_first(*stall, sender.silent(now, notable)),
                         fmt::format("{} of {} chunks unacknowledged, last answer {:.1f} s ago",
                                     stall->unacknowledged, options_.effective_window(),
                                     job::seconds(stall->silent))));
  }
  if (held_chunks_) {
    if (const auto late = held_chunks_->late(now, options_.job.stall_timeout)) {
      session_.fail(
          session_.silence(job::worst_first(*late, held_chunks_->silent(now, notable)),
                           fmt::format("is reading what it holds, and has been silent for {:.1f} s",
                                       job::seconds(late->silent))));
    }
  }
  session_.observer().on_progress({.moved = sender.bytes_written(),
                                   .chunks_moved = sender.chunks_written(),
                                   .kept = sender.bytes_kept(),
                                   .chunks_kept = sender.chunks_kept(),
                                   .total = source_.size,
                                   .in_flight = sender.in_flight(),
                                   .elapsed = session_.transfer_time()});
}

void ScatterMaster::on_failed() {
  if (sender_) sender_->cancel();
}

wire::End ScatterMaster::end_message(Rank worker) const {
  const bool writes = !session_.failed() && !options_.discard;
  return {.verdict = session_.verdict(),
          .chunks = writes ? *chunks_ : 0,
          .sums_file = writes ? session_.peers().sums_file(worker) : ""};
}

// What lies in the master's directory: sums of what it can see there, and the manifest at last.
Outcome ScatterMaster::publish() {
  if (options_.discard) return Nothing{};
  const wire::Manifest result = manifest();
  auto& file = destination_.file();
  if (file) {
    if (Outcome published = file->publish(result.size, options_.fsync); !published) {
      return published;
    }
  }
  const TextOptions text{.mode = source_.mode, .durable = options_.fsync};
  if (file || session_.peers().some_share_master_directory()) {
    Outcome listed = publish_sums(
        destination_.directory(), disk::kSumsName, session_.job_id(),
        [&](const LineSink& put) { list_sums(result, session_.peers(), put); }, text);
    if (!listed) return listed;
  }
  return publish_manifest(destination_.directory(), result, session_.job_id(), text);
}

wire::Manifest ScatterMaster::manifest() {
  wire::Manifest manifest{.source = options_.source,
                          .size = reader_->bytes(),
                          .chunk_size = options_.chunk_size,
                          .layout = options_.layout,
                          .attributes = reader_->source().attributes(),
                          .digest = reader_->file_digest(),
                          .workers = session_.peers().manifest_workers(),
                          .moved = {},
                          .chunk_digests = std::move(reader_->digests())};
  for (const auto& [chunk, to] : sender_->sender().moved()) manifest.moved.push_back({chunk, to});
  std::ranges::sort(manifest.moved, {}, &wire::Manifest::Moved::chunk);
  // No file of the layout `chunks` has holes; one that is gathered may have them.
  if (options_.sparse == Sparse::automatic && !source_.sparse()) {
    source_.data = reader_->source().data();
  }
  if (source_.sparse()) manifest.data = plan::sum_of(source_.data);
  return manifest;
}

void ScatterMaster::finish() {
  destination_.release(session_.failed(), !sender_ || sender_->sender().chunks_written() == 0);
}

ScatterReport ScatterMaster::report(JobReport job) const {
  job.warnings.insert(job.warnings.begin(), warnings_.begin(), warnings_.end());
  ScatterReport report{.job = std::move(job), .transfer = transfer_report()};
  const auto& finished = destination_.finished();
  report.discard = options_.discard;
  report.clearing = destination_.clearing();
  report.untouched = finished && !destination_.unpublished();
  if (destination_.unpublished() && finished) {
    report.replaced = finished->source;
    report.replaced_chunk_size = finished->chunk_size;
  }
  report.resume = options_.resume;
  if (!sender_) return report;
  const protocol::Sender& sender = sender_->sender();
  report.chunks_sent = sender.chunks_started() - sender.chunks_kept();
  report.chunks_kept = sender.chunks_kept();
  report.bytes_kept = sender.bytes_kept();
  report.chunks_moved = sender.moved().size();
  return report;
}

TransferReport ScatterMaster::transfer_report() const {
  TransferReport report{.source = options_.source,
                        .directory = destination_.path(),
                        .chunk_size = options_.chunk_size,
                        .chunks = chunks_,
                        .window = options_.effective_window(),
                        .buffers = chunk_pool_.capacity(),
                        .peak_buffers = chunk_pool_.peak()};
  if (reader_) {
    report.source_size = source_.size;
    if (!report.source_size && chunks_) report.source_size = reader_->bytes();
    if (session_.verdict() == Errc::ok) report.digest = reader_->file_digest();
  }
  if (!sender_) return report;
  const protocol::Sender& sender = sender_->sender();
  report.chunks_written = sender.chunks_written();
  report.bytes_written = sender.bytes_written();
  report.chunks_corrupt = sender.chunks_corrupt();
  report.chunks_resent = sender.chunks_resent();
  report.peak_in_flight = sender.peak_in_flight();
  return report;
}

}  // namespace mpiferry::operations
