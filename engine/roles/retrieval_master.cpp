#include "engine/roles/retrieval_master.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "engine/disk/destination_pattern.hpp"
#include "engine/plan/chunk_plan.hpp"

namespace mpiferry::roles {
namespace {

constexpr int kStepsPerTurn = 64;

}  // namespace

RetrievalMaster::RetrievalMaster(mpi::MpiContext& context, const mpi::Communicator& communicator,
                                 const RetrievalOptions& options, Observer& observer, bool deliver,
                                 bool spare_master)
    : Master(context, communicator, observer, options.stall_timeout, options.handle_signals),
      options_(options),
      deliver_(deliver),
      directory_(disk::expand_destination(options.directory, kMaster, host_)),
      surveys_(workers()),
      locations_(workers() + 1, spare_master),
      requests_(workers() + 1) {}

wire::End RetrievalMaster::end_message(Rank /*worker*/) const {
  return {.verdict = fsm_.verdict(), .sums_file = ""};
}

Task<> RetrievalMaster::transfer() {
  // All are ready, but that may have been heard before what they had told until then.
  while (!fsm_.failed() && !std::ranges::all_of(surveys_, &Survey::complete)) {
    co_await changed_.wait();
  }
  fetcher_.emplace(protocol::FetcherConfig{.chunks = chunks(),
                                           .ranks = workers() + 1,
                                           .window = window_,
                                           .buffers = buffers_,
                                           .retries = options_.retries,
                                           .stall_timeout = options_.stall_timeout,
                                           .holder = [this](ChunkIndex chunk, std::uint32_t n) {
                                             return locations_.holder(chunk, directory_of(chunk),
                                                                      n);
                                           }});
  if (!deliver_) tell_extras();  // who wants the chunks does not ask what else there is
  if (deliver_) co_await check_holders();
  while (!fsm_.failed()) {
    bool busy = ask();
    send_requests();
    busy = read_on() || busy;
    busy = work() || busy;
    if (fsm_.failed()) break;
    if (!busy && !working() && std::holds_alternative<protocol::Done>(fetcher_->next())) {
      conclude();
      break;
    }
    if (busy) {
      const mpi::MpiContext::BusyGuard awake{context_};
      co_await yield_turn(io_);
    } else {
      co_await changed_.wait();
    }
  }
}

// A chunk that nobody has is found before the first byte moves: what goes into a stream cannot be
// taken back, and nobody waits for hours to hear of it.
Task<> RetrievalMaster::check_holders() {
  constexpr std::uint64_t kPerTurn = 65536;
  for (std::uint64_t i = 0; i < chunks() && !fsm_.failed(); ++i) {
    const ChunkIndex chunk{i};
    if (!locations_.holder(chunk, directory_of(chunk), 0)) give_up_on(chunk);
    if (i % kPerTurn != kPerTurn - 1) continue;
    const mpi::MpiContext::BusyGuard awake{context_};
    co_await yield_turn(io_);
  }
}

void RetrievalMaster::give_up_on(ChunkIndex chunk) {
  if (auto unseen = unseen_place_of(chunk)) {
    fail(*std::move(unseen));
  } else {
    on_lost(missing(chunk));
  }
}

// Asks for what may be asked for now. False if that is nothing.
bool RetrievalMaster::ask() {
  for (int steps = 0; steps < kStepsPerTurn; ++steps) {
    const protocol::FetchAction action = fetcher_->next();
    if (const auto* fetch = std::get_if<protocol::Fetch>(&action)) {
      ask(*fetch);
    } else if (const auto* none = std::get_if<protocol::Missing>(&action)) {
      fetcher_->on_missing(none->chunk);
      give_up_on(none->chunk);
    } else {
      return steps > 0;
    }
  }
  return true;
}

void RetrievalMaster::ask(const protocol::Fetch& fetch) {
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
void RetrievalMaster::send_requests() {
  if (asked_.empty()) return;
  listen_enough();
  while (!asked_.empty()) {
    auto lease = requests_pool_->try_acquire();
    if (!lease) return;  // Sent wakes the next turn
    const Rank to = asked_.back();
    asked_.pop_back();
    auto& requests = requests_[static_cast<std::size_t>(to.value)];
    std::span<std::byte> out = lease->payload();
    for (const wire::ReadRequest& request : requests) {
      wire::encode(request, out.first<wire::kReadRequestSize>());
      out = out.subspan(wire::kReadRequestSize);
    }
    const std::size_t length = requests.size() * wire::kReadRequestSize;
    requests.clear();
    const mpi::Operation operation =
        send_sealed(context_, communicator_,
                    {.kind = wire::Kind::read_requests, .job_id = job_id_, .length = {length}},
                    std::move(*lease), to, wire::Tag::data);
    mpi::async_wait(context_, operation, Sent{this});
  }
}

void RetrievalMaster::Sent::operator()(const mpi::ErrorCode& error,
                                       mpi::Completion completion) const {
  if (error) return self->fail(completion.failure(error));
  completion.lease.reset();
  self->changed_.notify();
}

// A slice of a chunk that this rank reads itself. False if there is none.
bool RetrievalMaster::read_on() {
  if (!reading_) {
    if (own_.empty()) return false;
    reading_.emplace(Local{own_.front(), deliver_ ? *pool_->try_acquire() : Lease{}});
    own_.pop_front();
    const ChunkIndex chunk = reading_->fetch.chunk;
    chunk_reader_->begin({.chunk = chunk,
                          .attempt = reading_->fetch.attempt,
                          .directory = directory_of(chunk),
                          .digest = manifest_.chunk_digests[chunk.value],
                          .moved = manifest_.is_moved(chunk)},
                         deliver_ ? reading_->lease.payload() : std::span{scratch_});
  }
  if (const auto reply = chunk_reader_->step()) {
    Lease lease = std::move(reading_->lease);
    reading_.reset();
    hear_finding(kMaster, *reply, std::move(lease));
  }
  return true;
}

void RetrievalMaster::on_stored(ChunkIndex chunk, Bytes length) {
  fetcher_->on_stored(chunk);
  bytes_done_ += length;
}

// Of progress only what can be brought counts.
void RetrievalMaster::on_lost(Report::Discrepancy discrepancy) {
  bytes_lost_ += length_of(*discrepancy.chunk);
  observer_.on_checked(*discrepancy.chunk, discrepancy.rank, false);
  lose(std::move(discrepancy));
}

Bytes RetrievalMaster::length_of(ChunkIndex chunk) const noexcept {
  return plan::ChunkPlan{manifest_.size, manifest_.chunk_size, 1}.length_of(chunk);
}

void RetrievalMaster::on_tick(protocol::Time now) {
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

void RetrievalMaster::watch_surveys(protocol::Time now) {
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

void RetrievalMaster::add_to(Report& report) const {
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
