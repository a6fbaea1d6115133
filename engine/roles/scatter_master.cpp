#include "engine/roles/scatter_master.hpp"

#include <algorithm>
#include <functional>
#include <signal.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "engine/disk/chunk_name.hpp"
#include "engine/disk/destination_pattern.hpp"
#include "engine/disk/stripe_name.hpp"
#include "engine/plan/chunk_plan.hpp"
#include "engine/roles/clearing.hpp"
#include "engine/roles/manifest_file.hpp"
#include "engine/roles/publication.hpp"

namespace mpiferry::roles {

Failure too_many_chunks(const Options& options) {
  return {.code = Errc::invalid_argument,
          .path = options.source,
          .detail =
              fmt::format("more than {} chunks of {} bytes", kMaxChunks, options.chunk_size.value),
          .hint = "choose a larger --chunk-size"};
}

ScatterMaster::ScatterMaster(mpi::MpiContext& context, const mpi::Communicator& communicator,
                             const Options& options, Observer& observer)
    : Master(context, communicator, observer, options.stall_timeout, options.handle_signals),
      options_(options),
      token_(fmt::format("{:016x} pid {} on {}\n", job_id_, ::getpid(), host_)),
      chunk_pool_(options.chunk_size, options.master_buffers(workers())) {}

ScatterMaster::~ScatterMaster() {
  if (holds_token_) directory_->remove_token(token_);
}

Task<Outcome> ScatterMaster::prepare() {
  Outcome begun = validate(options_);
  if (begun && options_.faults.stall_rank.value > static_cast<int>(workers())) {
    begun = Failure{.code = Errc::invalid_argument,
                    .detail = fmt::format("--fault stall={}: the last worker is rank {}",
                                          options_.faults.stall_rank.value, workers())};
  }
  if (begun) begun = observer_.on_begin();
  if (!begun) co_return begun;
  auto source = disk::Source::open(io_, options_.source);
  if (!source) co_return std::move(source.error());
  if (const auto size = source->size()) {
    chunks_ = plan::ChunkPlan{*size, options_.chunk_size, workers()}.chunks();
    if (*chunks_ > kMaxChunks) co_return too_many_chunks(options_);
  }
  reader_.emplace(std::move(*source), options_.chunk_size);

  if (!options_.discard) {
    Outcome occupied = co_await occupy();
    if (!occupied) co_return occupied;
  }
  if (chunks_ && !conductor_.failed()) observer_.on_source(options_.source, *chunks_);
  co_return Nothing{};
}

// Opens the destination and marks it as this job's.
Task<Outcome> ScatterMaster::occupy() {
  auto directory = disk::Directory::open_or_create(
      disk::expand_destination(options_.destination, kMaster, host_));
  if (!directory) co_return std::move(directory.error());
  directory_.emplace(std::move(*directory));
  Outcome taken = co_await take_directory();
  if (taken && !conductor_.failed() && options_.layout == wire::Layout::file) taken = open_file();
  co_return taken;
}

Task<Outcome> ScatterMaster::take_directory() {
  Outcome ready = Nothing{};
  if (options_.resume) {
    ready = co_await take_over();
  } else if (options_.force) {
    ready = directory_->check_nobody_holds_token();
    // Not in the call: GCC 12 and lambdas within co_await do not go together.
    std::function<bool()> stop = [this] { return conductor_.failed(); };
    if (ready) {
      clearing_ = true;
      ready = co_await clear(context_, *directory_, "", reader_->source().id(), std::move(stop));
    }
  } else {
    ready = directory_->check_vacant("");
  }
  if (conductor_.failed()) co_return Nothing{};  // interrupted meanwhile
  if (ready) ready = directory_->create_token(token_);
  if (!ready) co_return ready;
  holds_token_ = true;
  token_lock_ = directory_->hold_token(token_);
  // With --fsync an ack means durable: so must be the directories above the chunk.
  co_return options_.fsync ? directory_->sync() : Outcome{Nothing{}};
}

// --resume: another job's files stay, its mark and what it can not use go. Its manifest goes as
// soon as it is not true any more.
Task<Outcome> ScatterMaster::take_over() {
  Outcome ready = directory_->check_nobody_holds_token();
  if (!ready) co_return ready;
  std::function<bool()> stop = [this] { return conductor_.failed(); };
  disk::Doomed dead = [](disk::Leftover kind, std::optional<std::uint64_t>) {
    return kind == disk::Leftover::token || kind == disk::Leftover::part;
  };
  ready = co_await clear(context_, *directory_, "", reader_->source().id(), std::move(stop),
                         std::move(dead));
  if (ready) {
    if (auto manifest = read_manifest(*directory_)) finished_ = std::move(*manifest);
    inventory_.emplace(workers());
  }
  co_return ready;
}

// Before anything changes at the destination: what lies there is no finished job any more.
Outcome ScatterMaster::retract() {
  if (!options_.resume || options_.discard || std::exchange(retracted_, true)) return Nothing{};
  disk::LeftoverSweep sweep{*directory_, token_, "", [](disk::Leftover kind, auto number) {
                              return kind == disk::Leftover::manifest ||
                                     (kind == disk::Leftover::sums && !number);
                            }};
  for (;;) {
    const auto more = sweep.step(std::chrono::milliseconds{5});
    if (!more) return more.error();
    if (!*more) break;
  }
  if (options_.fsync) {
    if (Outcome synced = directory_->sync(); !synced) return synced;
  }
  return file_ ? file_->retract() : Outcome{Nothing{}};
}

// Nothing was sent, and what lies there is this very job, as its manifest says.
bool ScatterMaster::is_complete() const {
  return finished_ && sender_->chunks_started() == sender_->chunks_kept() &&
         finished_->size == reader_->bytes() && finished_->digest == reader_->file_digest() &&
         finished_->chunk_size == options_.chunk_size && finished_->layout == options_.layout &&
         finished_->workers == crew_.manifest_workers() && finished_->moved.empty();
}

// The one file that all workers write into; they find it when they are invited.
Outcome ScatterMaster::open_file() {
  auto file = disk::OffsetPart::open(*directory_, disk::kFileName,
                                     options_.resume ? disk::Begin::keep : disk::Begin::fresh);
  if (!file) return std::move(file.error());
  file_.emplace(std::move(*file));
  const auto size = reader_->source().size();
  return size ? file_->preallocate(*size) : Outcome{Nothing{}};
}

void ScatterMaster::invite() {
  const std::string& source_id = reader_->source().id();
  const wire::Job job{.destination = options_.destination,
                      .token = token_,
                      .build = options_.build,
                      .source_id = source_id.empty() ? "" : host_ + " " + source_id,
                      .source_size = reader_->source().size(),
                      .chunk_size = options_.chunk_size,
                      .layout = options_.layout,
                      .window = options_.effective_window(),
                      .workers = workers(),
                      .fsync = options_.fsync,
                      .direct = options_.direct(),
                      .force = options_.force,
                      .resume = options_.resume,
                      .reroute = options_.reroute,
                      .discard = options_.discard,
                      .faults = options_.faults};
  for (int rank = 1; rank < communicator_.size(); ++rank) {
    control_.send(Rank{rank}, wire::Tag::data, wire::Kind::job, job_id_, job);
  }
}

// The last look before success is declared: a file that changed while it was read was not moved,
// and chunks among which another job has written are nobody's.
void ScatterMaster::check_result() {
  if (auto same = reader_->source().check_unchanged(); !same) fail(std::move(same.error()));
  if (options_.discard) return;
  if (Outcome there = directory_->check_in_place(); !there) fail(std::move(there.error()));
  if (!directory_->holds_token(token_)) {
    fail({.code = Errc::dest_occupied,
          .path = directory_->path(),
          .detail = "another job took this directory over while this one ran",
          .hint = "run one job at a time into a destination"});
  }
  if (conductor_.failed() || is_complete()) return;
  if (Outcome retracted = retract(); !retracted) fail(std::move(retracted.error()));
}

wire::End ScatterMaster::farewell(Rank worker) const {
  const bool writes = !conductor_.failed() && !options_.discard;
  return {.verdict = conductor_.verdict(),
          .chunks = writes ? *chunks_ : 0,
          .sums_file = writes ? crew_.sums_file(worker) : ""};
}

void ScatterMaster::publish() {
  if (options_.discard) return;
  if (Outcome outcome = publish_files(); !outcome) fail(std::move(outcome.error()));
}

// What lies in the master's directory: sums of what it can see there, and the manifest at last.
Outcome ScatterMaster::publish_files() {
  wire::Manifest manifest{.source = options_.source,
                          .size = reader_->bytes(),
                          .chunk_size = options_.chunk_size,
                          .layout = options_.layout,
                          .digest = reader_->file_digest(),
                          .workers = crew_.manifest_workers(),
                          .moved = moved_chunks(),
                          .chunk_digests = std::move(reader_->digests())};
  if (file_) {
    if (const auto error = file_->publish(manifest.size, options_.fsync, /*replace=*/true)) {
      return write_failure(directory_->path(), disk::kFileName, error.call, error.system_errno);
    }
  }
  const bool shared = file_ || crew_.some_share_master_directory();
  Outcome outcome = Nothing{};
  if (shared) {
    outcome = publish_sums(
        *directory_, disk::kSumsName, job_id_,
        [&](const LineSink& put) { list_sums(manifest, put); }, options_.fsync);
  }
  return outcome ? publish_manifest(*directory_, manifest, job_id_, options_.fsync) : outcome;
}

// A line for each file in the master's directory.
void ScatterMaster::list_sums(const wire::Manifest& manifest, const LineSink& put) const {
  const auto here = [this](Rank worker) { return crew_.shares_master_directory(worker); };
  switch (options_.layout) {
    case wire::Layout::chunks:
      for (std::uint64_t i = 0; i < manifest.chunk_digests.size(); ++i) {
        const ChunkIndex chunk{i};
        if (here(manifest.holder_of(chunk))) {
          put(wire::sums_line(disk::ChunkName{chunk}.view(), manifest.chunk_digests[i]));
        }
      }
      break;
    case wire::Layout::stripes:
      for (const wire::Manifest::Moved& moved : manifest.moved) {
        if (here(moved.rank)) {
          put(wire::sums_line(disk::ChunkName{moved.chunk}.view(),
                              manifest.chunk_digests[moved.chunk.value]));
        }
      }
      for (int rank = 1; rank < communicator_.size(); ++rank) {
        const auto digest = crew_.stripe_digest(Rank{rank});
        if (digest && here(Rank{rank}))
          put(wire::sums_line(disk::stripe_name(Rank{rank}), *digest));
      }
      break;
    case wire::Layout::file:
      put(wire::sums_line(disk::kFileName, manifest.digest));
      break;
  }
}

std::vector<wire::Manifest::Moved> ScatterMaster::moved_chunks() const {
  std::vector<wire::Manifest::Moved> moved;
  for (const auto& [chunk, to] : sender_->moved()) moved.push_back({chunk, to});
  std::ranges::sort(moved, {}, &wire::Manifest::Moved::chunk);
  return moved;
}

void ScatterMaster::release() {
  // An empty promise of the whole size helps nobody; what has been written may be gone on with.
  if (file_ && conductor_.failed() && !options_.resume &&
      (!sender_ || sender_->chunks_written() == 0)) {
    file_->discard();
  }
  if (std::exchange(holds_token_, false)) directory_->remove_token(token_);
}

void ScatterMaster::on_failed() {
  if (source_blocked_) reader_->source().descriptor().cancel();
}

void ScatterMaster::add_to(Report& report) const {
  report.source = options_.source;
  report.directory = directory_ ? directory_->path() : "";
  report.chunk_size = options_.chunk_size;
  report.chunks = chunks_;
  report.discard = options_.discard;
  report.clearing = clearing_;
  report.resume = options_.resume;
  report.warnings = warnings_;
  report.window = options_.effective_window();
  report.buffers = chunk_pool_.capacity();
  report.peak_buffers = chunk_pool_.peak();
  if (reader_) {
    report.source_size = reader_->source().size();
    if (!report.source_size && chunks_) report.source_size = reader_->bytes();
    if (report.ok()) report.digest = reader_->file_digest();
  }
  if (sender_) {
    report.chunks_sent = sender_->chunks_started() - sender_->chunks_kept();
    report.chunks_kept = sender_->chunks_kept();
    report.bytes_kept = sender_->bytes_kept();
    report.chunks_moved = sender_->moved().size();
    report.chunks_resent = sender_->chunks_resent();
    report.chunks_corrupt = sender_->chunks_corrupt();
    report.chunks_written = sender_->chunks_written();
    report.bytes_written = sender_->bytes_written();
    report.peak_in_flight = sender_->peak_in_flight();
  }
}

}  // namespace mpiferry::roles
