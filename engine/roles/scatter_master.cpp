#include "engine/roles/scatter_master.hpp"

#include <utility>

#include <fmt/format.h>

#include "engine/base/machine.hpp"
#include "engine/disk/destination_pattern.hpp"
#include "engine/disk/job_owner.hpp"
#include "engine/plan/chunk_plan.hpp"
#include "engine/plan/data_share.hpp"
#include "engine/roles/fault_player.hpp"

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
      job_lock_(disk::job_lock_text(fmt::format("{:016x}", job_id_),
                                    disk::JobOwner::of_this_process(kMaster))),
      chunk_pool_(options.chunk_size, options.master_buffers(workers())) {}

ScatterMaster::~ScatterMaster() {
  if (holds_job_lock_) directory_->release_job_lock(job_lock_, std::move(job_lock_file_));
}

Task<Outcome> ScatterMaster::prepare() {
  Outcome begun = validate(options_);
  if (begun) begun = check_faults(options_.faults, workers());
  if (begun) begun = observer_.on_begin();
  if (begun) begun = check_open_files();
  if (!begun) co_return begun;
  auto source = disk::Source::open(io_, options_.source);
  if (!source) co_return std::move(source.error());
  if (const auto size = source->size()) {
    chunks_ = plan::ChunkPlan{*size, options_.chunk_size, workers()}.chunks();
    if (*chunks_ > kMaxChunks) co_return too_many_chunks(options_);
  }
  reader_.emplace(std::move(*source), options_.chunk_size);
  if (options_.sparse == Options::Sparse::automatic && options_.layout != wire::Layout::chunks) {
    data_ = reader_->source().data();
  }

  if (!options_.discard) {
    Outcome occupied = co_await occupy();
    if (!occupied) co_return occupied;
  }
  if (chunks_ && !fsm_.failed()) {
    observer_.on_source(options_.source, *chunks_, options_.chunk_size);
  }
  co_return Nothing{};
}

// Opens the destination and marks it as this job's.
Task<Outcome> ScatterMaster::occupy() {
  auto directory = disk::Directory::open_or_create(
      disk::expand_destination(options_.destination, kMaster, host_));
  if (!directory) co_return std::move(directory.error());
  directory_.emplace(std::move(*directory));
  Outcome taken = co_await take_directory();
  if (taken && !fsm_.failed() && options_.layout == wire::Layout::file) taken = open_file();
  co_return taken;
}

void ScatterMaster::send_job() {
  std::vector<Bytes> data;
  if (sparse()) data = plan::data_by_worker(data_, options_.chunk_size, workers());
  wire::Job job{.destination = options_.destination,
                .job_lock = job_lock_,
                .build = options_.build,
                .host = host_,
                .machine = machine_id(host_),
                .source_id = reader_->source().id(),
                .shared_source_id = reader_->source().shared_id(),
                .attributes = reader_->source().attributes(),
                .preserve = options_.preserve,
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
                .stall_timeout = options_.stall_timeout,
                .faults = options_.faults};
  for (int rank = 1; rank < communicator_.size(); ++rank) {
    if (sparse()) job.data = data[static_cast<std::size_t>(rank) - 1];
    control_.send(Rank{rank}, wire::Tag::data, wire::Kind::job, job_id_, job);
  }
}

// The last look before success is declared: a file that changed while it was read was not moved,
// and chunks among which another job has written are nobody's.
void ScatterMaster::check_result() {
  const bool mtime = options_.source_check == Options::SourceCheck::mtime;
  if (auto same = reader_->source().check_unchanged(mtime); !same) fail(std::move(same.error()));
  if (options_.discard) return;
  if (Outcome there = directory_->check_in_place(); !there) fail(std::move(there.error()));
  if (const auto held = directory_->check_job_lock(job_lock_, job_lock_file_); !held) {
    fail(held.error());
  } else if (!*held) {
    fail(taken_over());
  }
  if (fsm_.failed() || is_complete()) return;
  if (Outcome unpublished = unpublish(); !unpublished) fail(std::move(unpublished.error()));
}

wire::End ScatterMaster::end_message(Rank worker) const {
  const bool writes = !fsm_.failed() && !options_.discard;
  return {.verdict = fsm_.verdict(),
          .chunks = writes ? *chunks_ : 0,
          .sums_file = writes ? peers_.sums_file(worker) : ""};
}

void ScatterMaster::release() {
  // An empty promise of the whole size helps nobody; what has been written may be gone on with.
  if (file_ && fsm_.failed() && fresh_file_ && (!sender_ || sender_->chunks_written() == 0)) {
    file_->discard();
  }
  if (std::exchange(holds_job_lock_, false)) {
    directory_->release_job_lock(job_lock_, std::move(job_lock_file_));
  }
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
  report.untouched = finished_ && !unpublished_;
  if (unpublished_ && finished_) report.replaced = finished_->source;
  report.resume = options_.resume;
  report.warnings.insert(report.warnings.begin(), warnings_.begin(), warnings_.end());
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
