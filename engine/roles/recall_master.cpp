#include "engine/roles/recall_master.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "engine/disk/destination_pattern.hpp"
#include "engine/plan/chunk_plan.hpp"
#include "engine/roles/manifest_file.hpp"
#include "engine/roles/options.hpp"

namespace mpiferry::roles {
namespace {

// Small enough to stay in a core's own cache while it is digested.
constexpr std::uint64_t kScratch = std::uint64_t{256} << 10U;
// Requests that are open at once when only digests come back.
constexpr std::size_t kMostFindings = 4096;
constexpr int kStepsPerTurn = 64;

std::vector<wire::Recall::Hosts> hosts_of(const wire::Manifest& manifest,
                                          const std::string& pattern) {
  // Only what the pattern asks for has to travel.
  const bool named = pattern.find("{host}") != std::string::npos;
  std::vector<wire::Recall::Hosts> hosts;
  for (const wire::Manifest::Worker& worker : manifest.workers) {
    if (hosts.empty() || (named && hosts.back().host != worker.host)) {
      hosts.push_back({worker.host, 0});
    }
    ++hosts.back().workers;
  }
  return hosts;
}

}  // namespace

RecallMaster::RecallMaster(mpi::MpiContext& context, const mpi::Communicator& communicator,
                           const RecallOptions& options, Observer& observer, bool deliver,
                           bool spare_master)
    : Master(context, communicator, observer, options.stall_timeout, options.handle_signals),
      options_(options),
      deliver_(deliver),
      directory_(disk::expand_destination(options.directory, kMaster, host_)),
      holdings_(workers() + 1, spare_master),
      requests_(workers() + 1) {}

Task<Outcome> RecallMaster::prepare() {
  Outcome ready = observer_.on_begin();
  if (ready) ready = read_manifest();
  if (!ready) co_return ready;
  plan_memory();
  ready = open();
  if (!ready) co_return ready;

  shelf_.emplace(wire::Recall{.build = options_.build,
                              .directory = options_.directory,
                              .hosts = hosts_of(manifest_, options_.directory),
                              .size = manifest_.size,
                              .chunk_size = manifest_.chunk_size,
                              .layout = manifest_.layout,
                              .window = window_,
                              .deliver = deliver_,
                              .faults = {}});
  Shelf::Sinks sinks{
      .holding = [this](const wire::Holding& it) { holdings_.add(kMaster, it, chunks()); },
      .extras = [this](const wire::Extras& it) { extras_.emplace_back(kMaster, it); }};
  std::function<bool()> stop = [this] { return conductor_.failed(); };
  co_await shelf_->survey(context_, std::move(sinks), std::move(stop));
  co_return Nothing{};
}

Outcome RecallMaster::read_manifest() {
  const auto directory = disk::Directory::open_existing(directory_);
  if (!directory) return no_manifest(directory.error());
  auto manifest = roles::read_manifest(*directory);
  if (!manifest) return std::move(manifest.error());
  manifest_ = std::move(*manifest);
  observer_.on_source(manifest_.source, chunks());
  return Nothing{};
}

void RecallMaster::plan_memory() {
  const Options limits{
      .chunk_size = manifest_.chunk_size, .window = options_.window, .memory = options_.memory};
  window_ = limits.effective_window();
  const auto sharing = std::max<std::uint64_t>(1, workers());
  if (!deliver_) {
    // Findings are small: only the memory of those who read sets a limit.
    buffers_ = std::min<std::uint64_t>(kMostFindings, (sharing + 1) * window_);
    scratch_.resize(std::min(kScratch, manifest_.chunk_size.value));
    return;
  }
  // A worker's last words come into the same receives.
  const Bytes buffer = std::max(manifest_.chunk_size, wire::kControlPayload);
  const std::uint64_t fit = std::max<std::uint64_t>(2, limits.memory_limit().value / buffer.value);
  spare_ = std::clamp<std::uint64_t>(std::min((4_MiB).value / buffer.value, fit / 4), 1, 16);
  buffers_ = std::min(fit - spare_, window_ * sharing);
  pool_.emplace(buffer, buffers_ + spare_);
}

// A receive must be able to take a chunk; how large those are, the manifest will say.
void RecallMaster::begin_listening() {
  if (!deliver_) Master::begin_listening();
}

// Nobody has been invited yet, and nobody will send a chunk; but all will confirm the end.
void RecallMaster::on_failed() {
  if (deliver_ && listening() == 0) Master::begin_listening();
}

void RecallMaster::listen_enough() {
  if (!deliver_ || workers() == 0) return;
  const std::size_t open = fetcher_ ? fetcher_->open_requests() : 0;
  while (listening() < open + spare_) listen(*pool_->try_acquire());
}

void RecallMaster::invite() {
  listen_enough();
  requests_pool_.emplace(Bytes{std::uint64_t{window_} * wire::kRequestSize},
                         std::size_t{2} * std::max<std::uint32_t>(1, workers()));
  const wire::Recall recall{.build = options_.build,
                            .directory = options_.directory,
                            .hosts = hosts_of(manifest_, options_.directory),
                            .size = manifest_.size,
                            .chunk_size = manifest_.chunk_size,
                            .layout = manifest_.layout,
                            .window = window_,
                            .deliver = deliver_,
                            .faults = options_.faults};
  for (int rank = 1; rank < communicator_.size(); ++rank) {
    control_.send(Rank{rank}, wire::Tag::data, wire::Kind::recall, job_id_, recall);
  }
}

wire::End RecallMaster::farewell(Rank /*worker*/) const {
  return {.verdict = conductor_.verdict()};
}

Task<> RecallMaster::transfer() {
  fetcher_.emplace(flow::FetcherConfig{.chunks = chunks(),
                                       .ranks = workers() + 1,
                                       .window = window_,
                                       .buffers = buffers_,
                                       .retries = options_.retries,
                                       .stall_timeout = options_.stall_timeout,
                                       .holder = [this](ChunkIndex chunk, std::uint32_t n) {
                                         return holdings_.holder(chunk, directory_of(chunk), n);
                                       }});
  tell_extras();
  while (!conductor_.failed()) {
    bool busy = ask();
    send_requests();
    busy = read_on() || busy;
    busy = work() || busy;
    if (conductor_.failed()) break;
    if (!busy && !working() && std::holds_alternative<flow::Done>(fetcher_->next())) {
      conclude();
      break;
    }
    if (busy) {
      const mpi::MpiContext::Awake awake{context_};
      co_await yield_turn(io_);
    } else {
      co_await changed_.wait();
    }
  }
}

// Asks for what may be asked for now. False if that is nothing.
bool RecallMaster::ask() {
  for (int steps = 0; steps < kStepsPerTurn; ++steps) {
    const flow::FetchAction action = fetcher_->next();
    if (const auto* fetch = std::get_if<flow::Fetch>(&action)) {
      ask(*fetch);
    } else if (const auto* none = std::get_if<flow::Missing>(&action)) {
      fetcher_->on_missing(none->chunk);
      lose(missing(none->chunk));
    } else {
      return steps > 0;
    }
  }
  return true;
}

void RecallMaster::ask(const flow::Fetch& fetch) {
  fetcher_->on_requested(fetch, clock_.now());
  if (fetch.from == kMaster) {
    own_.push_back(fetch);
    return;
  }
  auto& requests = requests_[static_cast<std::size_t>(fetch.from.value)];
  if (requests.empty()) asked_.push_back(fetch.from);
  requests.push_back({.chunk = fetch.chunk,
                      .attempt = fetch.attempt,
                      .directory = directory_of(fetch.chunk),
                      .digest = manifest_.chunk_digests[fetch.chunk.value],
                      .moved = manifest_.is_moved(fetch.chunk)});
}

// Those to one rank share a message. The receives for the answers come first.
void RecallMaster::send_requests() {
  if (asked_.empty()) return;
  listen_enough();
  while (!asked_.empty()) {
    auto lease = requests_pool_->try_acquire();
    if (!lease) return;  // Sent wakes the next turn
    const Rank to = asked_.back();
    asked_.pop_back();
    auto& requests = requests_[static_cast<std::size_t>(to.value)];
    std::span<std::byte> out = lease->payload();
    for (const wire::Request& request : requests) {
      wire::encode(request, out.first<wire::kRequestSize>());
      out = out.subspan(wire::kRequestSize);
    }
    const std::size_t length = requests.size() * wire::kRequestSize;
    requests.clear();
    wire::encode({.kind = wire::Kind::requests,
                  .job_id = job_id_,
                  .length = {length},
                  .payload_digest = wire::chunk_digest(lease->payload().first(length))},
                 lease->header());
    const mpi::Operation operation =
        context_.isend(communicator_, std::move(*lease), length, to, kDataTag);
    mpi::async_wait(context_, operation, Sent{this});
  }
}

void RecallMaster::Sent::operator()(const mpi::ErrorCode& error, mpi::Completion completion) const {
  if (error) return self->fail(completion.failure(error));
  completion.lease.reset();
  self->changed_.notify();
}

// A slice of a chunk that this rank reads itself. False if there is none.
bool RecallMaster::read_on() {
  if (!reading_) {
    if (own_.empty()) return false;
    reading_.emplace(Local{own_.front(), deliver_ ? *pool_->try_acquire() : Lease{}});
    own_.pop_front();
    const ChunkIndex chunk = reading_->fetch.chunk;
    shelf_->begin({.chunk = chunk,
                   .attempt = reading_->fetch.attempt,
                   .directory = directory_of(chunk),
                   .digest = manifest_.chunk_digests[chunk.value],
                   .moved = manifest_.is_moved(chunk)},
                  deliver_ ? reading_->lease.payload() : std::span{scratch_});
  }
  if (const auto finding = shelf_->step()) {
    Lease lease = std::move(reading_->lease);
    reading_.reset();
    hear_finding(kMaster, *finding, std::move(lease));
  }
  return true;
}

void RecallMaster::on_stored(ChunkIndex chunk, Bytes length) {
  fetcher_->on_stored(chunk);
  bytes_done_ += length;
}

Bytes RecallMaster::length_of(ChunkIndex chunk) const noexcept {
  return plan::ChunkPlan{manifest_.size, manifest_.chunk_size, 1}.length_of(chunk);
}

void RecallMaster::on_tick(flow::Time now) {
  if (!fetcher_) return;
  if (const auto stall = fetcher_->stalled(now)) {
    fail(silence(stall->worker,
                 fmt::format("{} of {} requests unanswered, last answer {:.1f} s ago",
                             stall->unacknowledged, window_, seconds(stall->silent))));
  }
  observer_.on_progress({.done = bytes_done_,
                         .total = manifest_.size,
                         .in_flight = fetcher_->in_flight(),
                         .elapsed = std::chrono::steady_clock::now() - transfer_began_});
}

void RecallMaster::add_to(Report& report) const {
  report.directory = directory_;
  report.window = window_;
  report.buffers = buffers_;
  if (manifest_.workers.empty()) return;  // it was not read
  report.source = manifest_.source;
  report.source_size = manifest_.size;
  report.chunk_size = manifest_.chunk_size;
  report.chunks = chunks();
  if (report.ok()) report.digest = manifest_.digest;
  if (pool_) report.peak_buffers = pool_->peak();
  if (!fetcher_) return;
  report.chunks_written = fetcher_->chunks_done();
  report.bytes_written = bytes_done_;
  report.chunks_corrupt = fetcher_->chunks_corrupt();
  report.chunks_resent = fetcher_->chunks_again();
  report.peak_in_flight = fetcher_->peak_in_flight();
}

}  // namespace mpiferry::roles
