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
      conductor_(crew_.size(), options.stall_timeout),
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
    catch_signals(signals_, [this](Failure failure) { fail(std::move(failure)); });
  }

  for (;;) {
    switch (conductor_.next(clock_.now())) {
      case flow::Step::prepare: {
        Outcome prepared = co_await prepare();
        if (!prepared) fail(std::move(prepared.error()));
        conductor_.on_prepared();
        break;
      }
      case flow::Step::invite:
        invite();
        conductor_.on_invited(clock_.now());
        break;
      case flow::Step::transfer:
        conductor_.on_transfer_began();
        co_await transfer();
        if (!conductor_.failed()) check_result();
        conductor_.on_transferred();
        break;
      case flow::Step::dismiss:
        dismiss();
        conductor_.on_dismissed(clock_.now());
        break;
      case flow::Step::publish:
        if (!options_.discard) publish();
        conductor_.on_published();
        break;
      case flow::Step::give_up:
        conductor_.on_given_up(
            placed(silence(conductor_.first_unclosed(), "has not confirmed the end of the job")));
        break;
      case flow::Step::wait:
        co_await changed_.wait();
        break;
      case flow::Step::over:
        conductor_.on_over();
        stop();
        co_return;
    }
  }
}

Task<Outcome> Master::prepare() {
  Outcome begun = validate(options_);
  if (begun && options_.faults.stall_rank.value > static_cast<int>(crew_.size())) {
    begun = Failure{.code = Errc::invalid_argument,
                    .detail = fmt::format("--fault stall={}: the last worker is rank {}",
                                          options_.faults.stall_rank.value, crew_.size())};
  }
  if (begun) begun = observer_.on_begin();
  if (!begun) co_return begun;
  auto source = disk::Source::open(io_, options_.source);
  if (!source) co_return std::move(source.error());
  if (const auto size = source->size()) {
    chunks_ = plan::ChunkPlan{*size, options_.chunk_size, crew_.size()}.chunks();
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
Task<Outcome> Master::occupy() {
  auto directory = disk::Directory::open_or_create(
      disk::expand_destination(options_.destination, kMaster, host_));
  if (!directory) co_return std::move(directory.error());
  directory_.emplace(std::move(*directory));
  co_return co_await take_directory();
}

Task<Outcome> Master::take_directory() {
  Outcome ready = Nothing{};
  if (options_.force) {
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

void Master::invite() {
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

void Master::dismiss() {
  const Errc verdict = conductor_.verdict();
  for (int rank = 1; rank < communicator_.size(); ++rank) {
    const bool writes = verdict == Errc::ok && !options_.discard;
    const wire::End end{.verdict = verdict, .sums_file = writes ? crew_.sums_file(Rank{rank}) : ""};
    control_.send(Rank{rank}, wire::Tag::data, wire::Kind::end, job_id_, end);
  }
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
  if (std::exchange(holds_token_, false)) directory_->remove_token(token_);
  for (const mpi::Operation& operation : listening_) context_.cancel(operation);
  tick_timer_.cancel();
  signals_.cancel();
  // What a lost worker never takes, never completes.
  if (conductor_.abandoned()) io_.stop();
}

void Master::fail(Failure failure) {
  if (!conductor_.fail(placed(std::move(failure)), clock_.now())) return;
  if (source_blocked_) reader_->source().descriptor().cancel();
  changed_.notify();
}

// What is nobody else's happened here; a signal meant the job, whoever got it.
Failure Master::placed(Failure failure) const {
  if (failure.rank == kNoRank && failure.code != Errc::interrupted) {
    failure.rank = kMaster;
    failure.host = host_;
  }
  return failure;
}

Report Master::report() const {
  Report report{.rank = kMaster,
                .verdict = conductor_.verdict(),
                .failure = conductor_.failure(),
                .abandoned = conductor_.abandoned(),
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
    if (report.ok()) report.digest = reader_->file_digest();
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
