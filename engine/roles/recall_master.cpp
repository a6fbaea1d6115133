#include "engine/roles/recall_master.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "engine/disk/destination_pattern.hpp"
#include "engine/plan/chunk_plan.hpp"

namespace mpiferry::roles {
namespace {

constexpr int kStepsPerTurn = 64;

}  // namespace

RecallMaster::RecallMaster(mpi::MpiContext& context, const mpi::Communicator& communicator,
                           const RecallOptions& options, Observer& observer, bool deliver,
                           bool spare_master)
    : Master(context, communicator, observer, options.stall_timeout, options.handle_signals),
      options_(options),
      deliver_(deliver),
      directory_(disk::expand_destination(options.directory, kMaster, host_)),
      surveys_(workers()),
      holdings_(workers() + 1, spare_master),
      requests_(workers() + 1) {}

wire::End RecallMaster::farewell(Rank /*worker*/) const {
  return {.verdict = conductor_.verdict(), .sums_file = ""};
}

Task<> RecallMaster::transfer() {
  // All are ready, but that may have been heard before what they had told until then.
  while (!conductor_.failed() && !std::ranges::all_of(surveys_, &Survey::complete)) {
    co_await changed_.wait();
  }
  fetcher_.emplace(flow::FetcherConfig{.chunks = chunks(),
                                       .ranks = workers() + 1,
                                       .window = window_,
                                       .buffers = buffers_,
                                       .retries = options_.retries,
                                       .stall_timeout = options_.stall_timeout,
                                       .holder = [this](ChunkIndex chunk, std::uint32_t n) {
                                         return holdings_.holder(chunk, directory_of(chunk), n);
                                       }});
  if (!deliver_) tell_extras();  // who wants the chunks does not ask what else there is
  if (deliver_) co_await check_holders();
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

// A chunk that nobody has is found before the first byte moves: what goes into a stream cannot be
// taken back, and nobody waits for hours to hear of it.
Task<> RecallMaster::check_holders() {
  constexpr std::uint64_t kPerTurn = 65536;
  for (std::uint64_t i = 0; i < chunks() && !conductor_.failed(); ++i) {
    const ChunkIndex chunk{i};
    if (!holdings_.holder(chunk, directory_of(chunk), 0)) give_up_on(chunk);
    if (i % kPerTurn != kPerTurn - 1) continue;
    const mpi::MpiContext::Awake awake{context_};
    co_await yield_turn(io_);
  }
}

void RecallMaster::give_up_on(ChunkIndex chunk) {
  if (auto unseen = unseen_place_of(chunk)) {
    fail(*std::move(unseen));
  } else {
    on_lost(missing(chunk));
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
      give_up_on(none->chunk);
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
    const mpi::Operation operation =
        send_sealed(context_, communicator_,
                    {.kind = wire::Kind::requests, .job_id = job_id_, .length = {length}},
                    std::move(*lease), to, wire::Tag::data);
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

// Of progress only what can be brought counts.
void RecallMaster::on_lost(Report::Flaw flaw) {
  bytes_lost_ += length_of(*flaw.chunk);
  observer_.on_checked(*flaw.chunk, flaw.rank, false);
  lose(std::move(flaw));
}

Bytes RecallMaster::length_of(ChunkIndex chunk) const noexcept {
  return plan::ChunkPlan{manifest_.size, manifest_.chunk_size, 1}.length_of(chunk);
}

void RecallMaster::on_tick(flow::Time now) {
  if (!fetcher_) return watch_surveys(now);
  if (const auto stall = fetcher_->stalled(now)) {
    fail(silence(worst_first(*stall, fetcher_->silent(now, notable_silence())),
                 fmt::format("{} of {} requests unanswered, last answer {:.1f} s ago",
                             stall->unacknowledged, window_, seconds(stall->silent))));
  }
  observer_.on_progress({.moved = std::min(bytes_done_, also_read().value_or(bytes_done_)),
                         .chunks_moved = fetcher_->chunks_done(),
                         .total = manifest_.size - bytes_lost_,
                         .in_flight = fetcher_->in_flight(),
                         .elapsed = std::chrono::steady_clock::now() - transfer_began_});
}

void RecallMaster::watch_surveys(flow::Time now) {
  if (!waiting_since_) waiting_since_ = now;
  const auto late = std::ranges::find(surveys_, false, &Survey::complete);
  if (options_.stall_timeout.count() == 0 || late == surveys_.end() ||
      now - *waiting_since_ <= options_.stall_timeout) {
    return;
  }
  std::vector<Rank> silent;
  for (std::size_t i = 0; i < surveys_.size(); ++i) {
    if (!surveys_[i].complete()) silent.push_back(Rank{static_cast<int>(i) + 1});
  }
  fail(silence(silent, "has not told what it sees"));
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
