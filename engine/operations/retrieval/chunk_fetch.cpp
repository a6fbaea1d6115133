#include "engine/operations/retrieval/chunk_fetch.hpp"

#include <utility>
#include <variant>

#include <fmt/format.h>

#include "engine/disk/destination_failure.hpp"
#include "engine/plan/chunk_plan.hpp"

namespace mpiferry::operations {

using job::Task;

ChunkFetch::ChunkFetch(const FetchParts& parts, const protocol::FetcherConfig& config)
    : it_(parts), retries_(config.retries), fetcher_(with_holders(config)) {}

protocol::FetcherConfig ChunkFetch::with_holders(protocol::FetcherConfig config) const {
  config.holder = [this](ChunkIndex chunk, std::uint32_t n) { return holder(chunk, n); };
  return config;
}

// The n-th rank that sees the chunk where it ought to be.
std::optional<Rank> ChunkFetch::holder(ChunkIndex chunk, std::uint32_t n) const {
  return it_.locations.holder(chunk, it_.discrepancies.directory_of(chunk), n);
}

Bytes ChunkFetch::length_of(ChunkIndex chunk) const noexcept {
  return plan::ChunkPlan{it_.manifest.size, it_.manifest.chunk_size}.length_of(chunk);
}

Task<> ChunkFetch::run() {
  if (it_.consumer.wants_chunks()) {
    co_await check_holders();
  } else {  // who wants the chunks does not ask what else there is
    it_.discrepancies.list_extras([this](Discrepancy it) { it_.consumer.on_extra(std::move(it)); });
  }
  while (!it_.session.failed()) {
    const bool busy = take_turn();
    if (it_.session.failed()) break;
    if (!busy && !it_.consumer.working() &&
        std::holds_alternative<protocol::Done>(fetcher_.next())) {
      it_.consumer.conclude();
      break;
    }
    if (busy) {
      const transport::BusyGuard guard{it_.session.environment().transport};
      co_await job::yield_turn(it_.session.environment().io());
    } else {
      co_await it_.session.changed().wait();
    }
  }
}

// Some of each kind of work. False if there is none now.
bool ChunkFetch::take_turn() {
  bool busy = ask();
  if (!it_.requests.empty()) {
    // The receives for the answers come first.
    if (it_.receives != nullptr) it_.receives->post(fetcher_.open_requests());
    it_.requests.send();
  }
  busy = read_own() || busy;
  return it_.consumer.work() || busy;
}

// A chunk that nobody has is found before the first byte moves: what goes into a stream cannot be
// taken back, and nobody waits for hours to hear of it.
Task<> ChunkFetch::check_holders() {
  constexpr std::uint64_t kPerTurn = 65536;
  for (std::uint64_t i = 0; i < chunks() && !it_.session.failed(); ++i) {
    const ChunkIndex chunk{i};
    if (!holder(chunk, 0)) give_up_on(chunk);
    if (i % kPerTurn != kPerTurn - 1) continue;
    const transport::BusyGuard busy{it_.session.environment().transport};
    co_await job::yield_turn(it_.session.environment().io());
  }
}

void ChunkFetch::give_up_on(ChunkIndex chunk) {
  if (auto unseen = it_.discrepancies.unseen_place_of(chunk)) {
    it_.session.fail(*std::move(unseen));
  } else {
    reject(it_.discrepancies.missing(chunk));
  }
}

// Asks for what may be asked for now. False if that is nothing.
bool ChunkFetch::ask() {
  constexpr int kStepsPerTurn = 64;
  for (int steps = 0; steps < kStepsPerTurn; ++steps) {
    const protocol::FetchAction action = fetcher_.next();
    if (const auto* fetch = std::get_if<protocol::Fetch>(&action)) {
      ask(*fetch);
    } else if (const auto* none = std::get_if<protocol::Missing>(&action)) {
      fetcher_.on_missing(none->chunk);
      give_up_on(none->chunk);
    } else {
      return steps > 0;
    }
  }
  return true;
}

void ChunkFetch::ask(const protocol::Fetch& fetch) {
  fetcher_.on_requested(fetch, it_.session.now());
  const wire::ReadRequest request = request_of(fetch);
  if (fetch.from == kMaster) {
    it_.own.add(request);
  } else {
    it_.requests.add(fetch.from, request);
  }
}

wire::ReadRequest ChunkFetch::request_of(const protocol::Fetch& fetch) const {
  return {.chunk = fetch.chunk,
          .attempt = fetch.attempt,
          .directory = it_.discrepancies.directory_of(fetch.chunk),
          .digest = it_.manifest.chunk_digests[fetch.chunk.value],
          .moved = it_.manifest.is_moved(fetch.chunk)};
}

// A slice of a chunk that this rank reads itself. False if there is none.
bool ChunkFetch::read_own() {
  if (it_.own.empty()) return false;
  if (auto read = it_.own.step()) on_reply(kMaster, read->reply, std::move(read->lease));
  return true;
}

void ChunkFetch::on_stored(ChunkIndex chunk, Bytes length) {
  fetcher_.on_stored(chunk);
  bytes_done_ += length;
}

// Of progress only what can be brought counts.
void ChunkFetch::reject(Discrepancy discrepancy) {
  bytes_rejected_ += length_of(*discrepancy.chunk);
  it_.session.observer().on_checked(*discrepancy.chunk, discrepancy.rank, false);
  it_.consumer.reject(std::move(discrepancy));
}

void ChunkFetch::on_replies(Rank from, std::span<const std::byte> payload) {
  // Where chunks are wanted, every answer is a message: on_message() counts on it.
  if (payload.empty() || payload.size() % wire::kReadReplySize != 0 ||
      (it_.consumer.wants_chunks() && payload.size() != wire::kReadReplySize)) {
    return it_.session.fail_at(from, {.code = Errc::unexpected_message});
  }
  for (; !payload.empty(); payload = payload.subspan(wire::kReadReplySize)) {
    const auto reply = wire::decode_read_reply(payload.first<wire::kReadReplySize>());
    if (!reply) return it_.session.fail_at(from, reply.error());
    on_reply(from, *reply, Lease{});
  }
}

void ChunkFetch::on_chunk(Rank from, const job::Message& message, job::Completion& completion) {
  const wire::Header& header = message.header;
  if (!it_.consumer.wants_chunks() || header.chunk.value >= chunks() ||
      header.length != length_of(header.chunk)) {
    return it_.session.fail_at(from, {.code = Errc::unexpected_message});
  }
  it_.session.on_late();
  const bool right = header.payload_digest == it_.manifest.chunk_digests[header.chunk.value];
  const auto arrival = !message.intact() ? protocol::Arrival::damaged
                       : right           ? protocol::Arrival::good
                                         : protocol::Arrival::unavailable;
  const protocol::FetchEffect effect =
      fetcher_.on_arrival(from, header.chunk, header.attempt, arrival, it_.session.now());
  // A lease that is not taken is received into again.
  Lease lease;
  if (effect == protocol::FetchEffect::accepted) lease = std::move(completion.lease);
  settle(from, effect,
         {.chunk = header.chunk, .attempt = header.attempt, .digest = header.payload_digest},
         std::move(lease));
}

// `lease` holds the chunk if this rank has read it itself, and chunks are wanted.
void ChunkFetch::on_reply(Rank from, const wire::ReadReply& reply, Lease lease) {
  if (reply.chunk.value >= chunks()) {
    return it_.session.fail_at(from, {.code = Errc::unexpected_message});
  }
  if (disk::is_limit_of_open_files(reply.system_errno)) {
    return it_.session.fail(it_.discrepancies.unopened(from, reply));
  }
  const bool right = reply.status == wire::ReadReply::Status::whole &&
                     reply.digest == it_.manifest.chunk_digests[reply.chunk.value];
  if (right && it_.consumer.wants_chunks() && !lease) {
    return it_.session.fail_at(from, {.code = Errc::unexpected_message});
  }
  const protocol::FetchEffect effect = fetcher_.on_arrival(
      from, reply.chunk, reply.attempt,
      right ? protocol::Arrival::good : protocol::Arrival::unavailable, it_.session.now());
  settle(from, effect, reply, std::move(lease));
}

void ChunkFetch::settle(Rank from, protocol::FetchEffect effect, const wire::ReadReply& reply,
                        Lease lease) {
  const ChunkIndex chunk = reply.chunk;
  switch (effect) {
    case protocol::FetchEffect::accepted:
      it_.session.observer().on_checked(chunk, from, true);
      return it_.consumer.accept(chunk, length_of(chunk), std::move(lease));
    case protocol::FetchEffect::again:
    case protocol::FetchEffect::stale:
      return;
    case protocol::FetchEffect::exhausted:
      return it_.session.fail_at(
          from,
          {.code = Errc::chunk_corrupt,
           .detail = fmt::format("chunk {} arrived damaged {} times", chunk.value, retries_ + 1),
           .hint = "check memory and network of that host, or raise `retries`"});
    case protocol::FetchEffect::lost:
      return reject(it_.discrepancies.unreadable(from, reply));
    case protocol::FetchEffect::invalid:
      return it_.session.fail_at(
          from,
          {.code = Errc::unexpected_message,
           .detail = fmt::format("an answer about chunk {} that nobody asked for", chunk.value)});
  }
}

}  // namespace mpiferry::operations
