#include "engine/roles/master.hpp"

#include <algorithm>
#include <functional>
#include <random>
#include <signal.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "engine/disk/destination_pattern.hpp"
#include "engine/plan/chunk_plan.hpp"
#include "engine/roles/clearing.hpp"
#include "engine/roles/publication.hpp"
#include "engine/roles/signals.hpp"

namespace mpiferry::roles {
namespace {

// Receives for answers; more workers share them, as an answer is handled in microseconds.
constexpr std::size_t kListeners = 16;

// How long dismissed workers may take when nobody waits for their result any more.
constexpr std::chrono::milliseconds kFailedPatience{5'000};
constexpr std::chrono::milliseconds kInterruptedPatience{1'000};

std::uint64_t random_job_id() {
  std::random_device device;
  const std::uint64_t high = device();
  const std::uint64_t id = (high << 32U) ^ device();
  return id != 0 ? id : 1;
}

std::uint32_t workers_of(const mpi::Communicator& communicator) {
  return static_cast<std::uint32_t>(communicator.size() - 1);
}

}  // namespace

Failure too_many_chunks(const Options& options) {
  return {.code = Errc::invalid_argument,
          .path = options.source,
          .detail =
              fmt::format("more than {} chunks of {} bytes", kMaxChunks, options.chunk_size.value),
          .hint = "choose a larger --chunk-size"};
}

Master::Master(mpi::MpiContext& context, const mpi::Communicator& communicator,
               const Options& options, Observer& observer)
    : io_(context.io()),
      context_(context),
      communicator_(communicator),
      options_(options),
      observer_(observer),
      host_(mpi::host_name()),
      job_id_(random_job_id()),
      token_(fmt::format("{:016x} pid {} on {}\n", job_id_, ::getpid(), host_)),
      crew_(workers_of(communicator)),
      control_(context, communicator, std::size_t{2} * crew_.size() + kListeners,
               [this](Failure failure) { fail(std::move(failure)); }),
      chunk_pool_(options.chunk_size, options.master_buffers(crew_.size())),
      changed_(io_),
      listening_(std::min(kListeners, std::size_t{2} * crew_.size())),
      tick_timer_(io_),
      signals_(io_),
      clock_(kTick),
      began_(std::chrono::steady_clock::now()) {}

Master::~Master() {
  if (holds_token_) directory_->remove_token(token_);
}

Task<> Master::run() {
  for (std::size_t i = 0; i < listening_.size(); ++i) {
    boost::asio::co_spawn(io_, listen(i), Rethrow{});
  }
  boost::asio::co_spawn(io_, watch(), Rethrow{});
  if (options_.handle_signals) {
    catch_signals(signals_, [this](Failure failure) {
      if (stage_ != Stage::over) fail(std::move(failure));  // else the manifest is out
    });
  }

  if (co_await prepare()) co_await invite();
  if (!failure_) co_await transfer();
  if (!failure_) check_result();
  co_await dismiss();
  if (!failure_ && !options_.discard) publish();
  stop();
}

Task<bool> Master::prepare() {
  Outcome begun = validate(options_);
  if (begun && options_.faults.stall_rank.value > static_cast<int>(crew_.size())) {
    begun = Failure{.code = Errc::invalid_argument,
                    .detail = fmt::format("--fault stall={}: the last worker is rank {}",
                                          options_.faults.stall_rank.value, crew_.size())};
  }
  if (begun) begun = observer_.on_begin();
  if (!begun) {
    fail(std::move(begun.error()));
    co_return false;
  }
  auto source = disk::Source::open(io_, options_.source);
  if (!source) {
    fail(std::move(source.error()));
    co_return false;
  }
  if (const auto size = source->size()) {
    chunks_ = plan::ChunkPlan{*size, options_.chunk_size, crew_.size()}.chunks();
    if (*chunks_ > kMaxChunks) {
      fail(too_many_chunks(options_));
      co_return false;
    }
  }
  reader_.emplace(std::move(*source), options_.chunk_size);

  if (!options_.discard && !co_await occupy()) co_return false;
  if (chunks_) observer_.on_source(options_.source, *chunks_);
  co_return true;
}

// Opens the destination and marks it as this job's.
Task<bool> Master::occupy() {
  auto directory = disk::Directory::open_or_create(
      disk::expand_destination(options_.destination, kMaster, host_));
  if (!directory) {
    fail(std::move(directory.error()));
    co_return false;
  }
  directory_.emplace(std::move(*directory));
  if (Outcome taken = co_await take_directory(); !taken) {
    fail(std::move(taken.error()));
    co_return false;
  }
  co_return !failure_;  // it may have been interrupted meanwhile
}

Task<Outcome> Master::take_directory() {
  Outcome ready = Nothing{};
  if (options_.force) {
    ready = directory_->check_nobody_holds_token();
    // Not in the call: GCC 12 and lambdas within co_await do not go together.
    std::function<bool()> stop = [this] { return failure_.has_value(); };
    if (ready) {
      clearing_ = true;
      ready = co_await clear(context_, *directory_, "", reader_->source().id(), std::move(stop));
    }
  } else {
    ready = directory_->check_vacant("");
  }
  if (failure_) co_return Nothing{};  // interrupted meanwhile
  if (ready) ready = directory_->create_token(token_);
  if (!ready) co_return ready;
  holds_token_ = true;
  token_lock_ = directory_->hold_token(token_);
  // With --fsync an ack means durable: so must be the directories above the chunk.
  co_return options_.fsync ? directory_->sync() : Outcome{Nothing{}};
}

Task<> Master::invite() {
  stage_ = Stage::invite;
  stage_since_ = clock_.now();
  const std::string& source_id = reader_->source().id();
  const wire::Job job{.destination = options_.destination,
                      .token = token_,
                      .source_id = source_id.empty() ? "" : host_ + " " + source_id,
                      .source_size = reader_->source().size(),
                      .chunk_size = options_.chunk_size,
                      .window = options_.effective_window(),
                      .workers = crew_.size(),
                      .fsync = options_.fsync,
                      .direct = options_.direct(),
                      .force = options_.force,
                      .discard = options_.discard,
                      .faults = options_.faults};
  for (int rank = 1; rank < communicator_.size(); ++rank) {
    control_.send(Rank{rank}, wire::Tag::data, wire::Kind::job, job_id_, job);
  }
  while (!failure_ && !crew_.all_answered()) co_await changed_.wait();
}

// The last look before success is declared: a file that changed while it was read was not moved,
// and chunks among which another job has written are nobody's.
void Master::check_result() {
  if (auto same = reader_->source().check_unchanged(); !same) fail(std::move(same.error()));
  if (options_.discard) return;
  if (Outcome there = directory_->check_in_place(); !there) fail(std::move(there.error()));
  if (!directory_->holds_token(token_)) {
    fail({.code = Errc::dest_occupied,
          .path = directory_->path(),
          .detail = "another job took this directory over while this one ran",
          .hint = "run one job at a time into a destination"});
  }
}

Task<> Master::dismiss() {
  stage_ = Stage::dismiss;
  stage_since_ = clock_.now();
  const Errc verdict = failure_ ? failure_->code : Errc::ok;
  const Rank stalled = verdict == Errc::worker_stalled ? failure_->rank : kNoRank;
  if (verdict == Errc::interrupted || verdict == Errc::worker_stalled) {
    deadline_ = stage_since_ + kInterruptedPatience;
  } else if (verdict != Errc::ok) {
    deadline_ = stage_since_ + kFailedPatience;
  } else if (options_.stall_timeout.count() > 0) {
    deadline_ = stage_since_ + options_.stall_timeout;
  }
  for (int rank = 1; rank < communicator_.size(); ++rank) {
    const bool writes = verdict == Errc::ok && !options_.discard;
    const wire::End end{.verdict = verdict, .sums_file = writes ? crew_.sums_file(Rank{rank}) : ""};
    control_.send(Rank{rank}, wire::Tag::data, wire::Kind::end, job_id_, end);
  }
  while (!crew_.all_closed_but(stalled) && !(deadline_ && clock_.now() > *deadline_)) {
    co_await changed_.wait();
  }
  if (crew_.all_closed()) co_return;
  abandoned_ = true;
  fail(silence(crew_.first_unclosed(), "has not confirmed the end of the job"));
}

void Master::publish() {
  const wire::Manifest manifest{.source = options_.source,
                                .size = reader_->bytes(),
                                .chunk_size = options_.chunk_size,
                                .digest = reader_->file_digest(),
                                .workers = crew_.manifest_workers(),
                                .chunk_digests = std::move(reader_->digests())};
  bool shared = false;
  for (int rank = 1; rank < communicator_.size(); ++rank) {
    shared = shared || crew_.shares_master_directory(Rank{rank});
  }
  Outcome outcome = Nothing{};
  if (shared) {
    outcome = publish_sums(
        *directory_, disk::kSumsName, job_id_,
        [&](const auto& list) {
          for (std::uint64_t i = 0; i < manifest.chunk_digests.size(); ++i) {
            const ChunkIndex chunk{i};
            if (crew_.shares_master_directory(plan::owner(chunk, crew_.size()))) {
              list(chunk, manifest.chunk_digests[i]);
            }
          }
        },
        options_.fsync);
  }
  if (outcome) outcome = publish_manifest(*directory_, manifest, job_id_, options_.fsync);
  if (!outcome) fail(std::move(outcome.error()));
}

void Master::stop() {
  stage_ = Stage::over;
  if (std::exchange(holds_token_, false)) directory_->remove_token(token_);
  for (const mpi::Operation& operation : listening_) context_.cancel(operation);
  tick_timer_.cancel();
  signals_.cancel();
  // What a lost worker never takes, never completes.
  if (abandoned_) io_.stop();
}

// The first failure is the job's; what follows from it is noise.
void Master::fail(Failure failure) {
  if (failure_) return;
  if (failure.rank == kNoRank && failure.code != Errc::interrupted) {
    failure.rank = kMaster;
    failure.host = host_;
  }
  failure_ = std::move(failure);
  if (stage_ == Stage::dismiss && failure_->code == Errc::interrupted) {
    deadline_ = clock_.now() + kInterruptedPatience;
  }
  if (source_blocked_) reader_->source().descriptor().cancel();
  changed_.notify();
}

Report Master::report() const {
  Report report{.rank = kMaster,
                .verdict = failure_ ? failure_->code : Errc::ok,
                .failure = failure_,
                .abandoned = abandoned_,
                .source = options_.source,
                .directory = directory_ ? directory_->path() : "",
                .chunk_size = options_.chunk_size,
                .chunks = chunks_,
                .discard = options_.discard,
                .clearing = clearing_,
                .window = options_.effective_window(),
                .buffers = chunk_pool_.capacity(),
                .peak_buffers = chunk_pool_.peak(),
                .mpi_tests = context_.tests(),
                .elapsed = std::chrono::steady_clock::now() - began_,
                .transfer = transfer_time_,
                .workers = crew_.reports()};
  if (reader_) {
    report.source_size = reader_->source().size();
    if (!report.source_size && chunks_) report.source_size = reader_->bytes();
    if (!failure_) report.digest = reader_->file_digest();
  }
  if (sender_) {
    report.chunks_sent = sender_->chunks_started();
    report.chunks_resent = sender_->chunks_resent();
    report.chunks_corrupt = sender_->chunks_corrupt();
    report.chunks_written = sender_->chunks_written();
    report.bytes_written = sender_->bytes_written();
    report.peak_in_flight = sender_->peak_in_flight();
  }
  return report;
}

}  // namespace mpiferry::roles
