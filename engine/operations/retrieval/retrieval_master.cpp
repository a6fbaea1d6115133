#include "engine/operations/retrieval/retrieval_master.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "engine/disk/destination_failure.hpp"
#include "engine/disk/destination_pattern.hpp"
#include "engine/disk/manifest_file.hpp"
#include "engine/job/fault_player.hpp"
#include "engine/job/preflight.hpp"
#include "engine/job/source_reader.hpp"
#include "engine/plan/chunk_plan.hpp"

namespace mpiferry::operations {

using job::Task;

namespace {

std::vector<wire::RetrievalJob::Hosts> hosts_of(const wire::Manifest& manifest,
                                                const std::string& pattern) {
  // Only what the pattern asks for has to travel.
  const bool named = pattern.find("{host}") != std::string::npos;
  std::vector<wire::RetrievalJob::Hosts> hosts;
  for (const wire::Manifest::Worker& worker : manifest.workers) {
    if (hosts.empty() || (named && hosts.back().host != worker.host)) {
      hosts.push_back({worker.host, 0});
    }
    ++hosts.back().workers;
  }
  return hosts;
}

}  // namespace

RetrievalMaster::RetrievalMaster(job::MasterSession& session, const RetrievalOptions& options,
                                 ChunkConsumer& consumer)
    : session_(session),
      options_(options),
      consumer_(consumer),
      directory_(disk::expand_destination(options.directory, kMaster, session.environment().host)),
      surveys_(session.workers(), consumer.spares_master()),
      requests_(session) {}

Task<Outcome> RetrievalMaster::prepare() {
  Outcome ready = check_options();
  if (ready) ready = session_.observer().on_begin();
  if (ready) ready = job::check_open_files();
  if (ready) ready = read_manifest();
  if (!ready) co_return ready;
  const job::ChunkLimits limits{
      .chunk_size = manifest_.chunk_size, .window = options_.window, .memory = options_.memory};
  const bool wants_chunks = consumer_.wants_chunks();
  memory_ = wants_chunks ? RetrievalMemory::for_chunks(limits, session_.workers())
                         : RetrievalMemory::for_digests(limits, session_.workers());
  if (wants_chunks) pool_.emplace(memory_.buffer, memory_.buffers + memory_.spare);
  reader_.emplace(job_message());
  own_.emplace(
      *reader_, wants_chunks ? &*pool_ : nullptr,
      wants_chunks ? 0 : std::min<std::size_t>(job::kDigestSlice, manifest_.chunk_size.value));
  discrepancies_.emplace(session_, manifest_, reader_->destinations(), surveys_);
  ready = consumer_.open(*this);
  if (ready) co_await survey();
  co_return ready;
}

Outcome RetrievalMaster::check_options() const {
  Outcome ready = job::check_faults(options_.faults, session_.workers());
  if (ready && !consumer_.wants_chunks() && options_.faults.corrupt_every != 0) {
    return Failure{.code = Errc::invalid_argument,
                   .detail = "--fault corrupt: without chunks on the way verify has none to damage",
                   .hint = "it plays stall and delay"};
  }
  if (ready) ready = job::check_stall_timeout(options_.stall_timeout);
  return ready ? disk::check_pattern(options_.directory) : ready;
}

Outcome RetrievalMaster::read_manifest() {
  const auto directory = disk::Directory::open_existing(directory_);
  if (!directory) return disk::no_manifest(directory.error());
  auto manifest = disk::read_manifest(*directory);
  if (!manifest) return std::move(manifest.error());
  manifest_ = std::move(*manifest);
  session_.observer().on_manifest(manifest_.source, chunks(), manifest_.chunk_size);
  return Nothing{};
}

wire::RetrievalJob RetrievalMaster::job_message() const {
  return {.build = options_.build,
          .host = session_.environment().host,
          .directory = options_.directory,
          .hosts = hosts_of(manifest_, options_.directory),
          .size = manifest_.size,
          .chunk_size = manifest_.chunk_size,
          .layout = manifest_.layout,
          .window = memory_.window,
          .deliver = consumer_.wants_chunks(),
          .stall_timeout = options_.stall_timeout,
          .faults = options_.faults};
}

// What this rank sees itself.
Task<> RetrievalMaster::survey() {
  ChunkReader::Sinks sinks{
      .seen = [this](const wire::SeenChunks& it) { surveys_.add_own(it, chunks()); },
      .extras = [this](wire::ExtraFiles it) { surveys_.add_own(std::move(it)); }};
  std::function<bool()> stop = [this] { return session_.failed(); };
  co_await reader_->survey(session_.environment(), std::move(sinks), std::move(stop));
}

bool RetrievalMaster::is_looked_in(const disk::Directory& directory) const {
  const auto is_it = [&directory](const std::string& path) {
    const auto there = disk::Directory::open_existing(path);
    return there && there->id() == directory.id();
  };
  const DestinationMap& where = reader_->destinations();
  for (std::uint32_t number = 0; number < where.directories(); ++number) {
    if (is_it(where.path(number))) return true;
  }
  return is_it(directory_);
}

// Nobody has been sent the job, and nobody will send a chunk; but all will confirm the end.
void RetrievalMaster::on_failed() {
  if (posts_receives() && session_.posted_receives() == 0) session_.post_receives();
}

// A receive must be able to take a chunk.
void RetrievalMaster::post_enough_receives() {
  if (!pool_ || session_.workers() == 0) return;
  const std::size_t open = fetcher_ ? fetcher_->open_requests() : 0;
  while (session_.posted_receives() < open + memory_.spare) {
    session_.post_receive(*pool_->try_acquire());
  }
}

void RetrievalMaster::start() {
  post_enough_receives();
  requests_.set_window(memory_.window);
  const wire::RetrievalJob job = job_message();
  for (std::uint32_t i = 1; i <= session_.workers(); ++i) {
    session_.send_job(Rank{static_cast<int>(i)}, wire::Kind::retrieval, job);
  }
}

wire::End RetrievalMaster::end_message(Rank /*worker*/) const {
  return {.verdict = session_.verdict(), .sums_file = ""};
}

Task<> RetrievalMaster::transfer() {
  // All are ready, but that may have been heard before what they had told until then.
  while (!session_.failed() && !surveys_.complete()) co_await session_.changed().wait();
  fetcher_.emplace(protocol::FetcherConfig{.chunks = chunks(),
                                           .ranks = session_.workers() + 1,
                                           .window = memory_.window,
                                           .buffers = memory_.buffers,
                                           .retries = options_.retries,
                                           .stall_timeout = options_.stall_timeout,
                                           .holder = [this](ChunkIndex chunk, std::uint32_t n) {
                                             return surveys_.locations().holder(
                                                 chunk, discrepancies_->directory_of(chunk), n);
                                           }});
  if (consumer_.wants_chunks()) {
    co_await check_holders();
  } else {  // who wants the chunks does not ask what else there is
    discrepancies_->list_extras(
        [this](Report::Discrepancy it) { consumer_.on_extra(std::move(it)); });
  }
  while (!session_.failed()) {
    const bool busy = take_turn();
    if (session_.failed()) break;
    if (!busy && !consumer_.working() && std::holds_alternative<protocol::Done>(fetcher_->next())) {
      consumer_.conclude();
      break;
    }
    if (busy) {
      const transport::BusyGuard guard{session_.environment().transport};
      co_await job::yield_turn(session_.environment().io());
    } else {
      co_await session_.changed().wait();
    }
  }
}

// Some of each kind of work. False if there is none now.
bool RetrievalMaster::take_turn() {
  bool busy = ask();
  if (!requests_.empty()) {
    post_enough_receives();  // the receives for the answers come first
    requests_.send();
  }
  busy = read_own() || busy;
  return consumer_.work() || busy;
}

// A chunk that nobody has is found before the first byte moves: what goes into a stream cannot be
// taken back, and nobody waits for hours to hear of it.
Task<> RetrievalMaster::check_holders() {
  constexpr std::uint64_t kPerTurn = 65536;
  for (std::uint64_t i = 0; i < chunks() && !session_.failed(); ++i) {
    const ChunkIndex chunk{i};
    if (!surveys_.locations().holder(chunk, discrepancies_->directory_of(chunk), 0)) {
      give_up_on(chunk);
    }
    if (i % kPerTurn != kPerTurn - 1) continue;
    const transport::BusyGuard busy{session_.environment().transport};
    co_await job::yield_turn(session_.environment().io());
  }
}

void RetrievalMaster::give_up_on(ChunkIndex chunk) {
  if (auto unseen = discrepancies_->unseen_place_of(chunk)) {
    session_.fail(*std::move(unseen));
  } else {
    reject(discrepancies_->missing(chunk));
  }
}

// Asks for what may be asked for now. False if that is nothing.
bool RetrievalMaster::ask() {
  constexpr int kStepsPerTurn = 64;
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
  fetcher_->on_requested(fetch, session_.now());
  const wire::ReadRequest request = request_of(fetch);
  if (fetch.from == kMaster) {
    own_->add(request);
  } else {
    requests_.add(fetch.from, request);
  }
}

wire::ReadRequest RetrievalMaster::request_of(const protocol::Fetch& fetch) const {
  return {.chunk = fetch.chunk,
          .attempt = fetch.attempt,
          .directory = discrepancies_->directory_of(fetch.chunk),
          .digest = manifest_.chunk_digests[fetch.chunk.value],
          .moved = manifest_.is_moved(fetch.chunk)};
}

// A slice of a chunk that this rank reads itself. False if there is none.
bool RetrievalMaster::read_own() {
  if (own_->empty()) return false;
  if (auto read = own_->step()) on_reply(kMaster, read->reply, std::move(read->lease));
  return true;
}

void RetrievalMaster::on_stored(ChunkIndex chunk, Bytes length) {
  fetcher_->on_stored(chunk);
  bytes_done_ += length;
}

// Of progress only what can be brought counts.
void RetrievalMaster::reject(Report::Discrepancy discrepancy) {
  bytes_rejected_ += length_of(*discrepancy.chunk);
  session_.observer().on_checked(*discrepancy.chunk, discrepancy.rank, false);
  consumer_.reject(std::move(discrepancy));
}

Bytes RetrievalMaster::length_of(ChunkIndex chunk) const noexcept {
  return plan::ChunkPlan{manifest_.size, manifest_.chunk_size, 1}.length_of(chunk);
}

void RetrievalMaster::on_message(Rank from, const job::Message& message,
                                 job::Completion& completion) {
  dispatch(from, message, completion);
  // Every answer needs one receive less. Its buffer is kept for whoever is asked next, which may be
  // this rank: all of them could lie in receives for which nothing comes.
  if (pool_ && fetcher_ &&
      session_.posted_receives() >= fetcher_->open_requests() + memory_.spare) {
    completion.lease.reset();
  }
}

void RetrievalMaster::dispatch(Rank from, const job::Message& message,
                               job::Completion& completion) {
  switch (message.header.kind) {
    case wire::Kind::chunk:
      return on_chunk(from, message, completion);
    case wire::Kind::seen_chunks:
      return on_told(from, message.header, wire::decode_seen_chunks(message.payload));
    case wire::Kind::extra_files:
      return on_told(from, message.header, wire::decode_extra_files(message.payload));
    case wire::Kind::read_replies:
      return on_replies(from, message.payload);
    default:
      return session_.fail_at(from, {.code = Errc::unexpected_message});
  }
}

// A worker tells what it sees.
template <class Told>
void RetrievalMaster::on_told(Rank from, const wire::Header& header, Result<Told> told) {
  if (!told) return session_.fail_at(from, told.error());
  Outcome added = Failure{.code = Errc::unexpected_message};
  if (reader_ && !fetcher_ && told->directory < reader_->destinations().directories()) {
    added = surveys_.add(from, header, std::move(*told), chunks());
  }
  if (!added) session_.fail_at(from, std::move(added.error()));
}

void RetrievalMaster::on_replies(Rank from, std::span<const std::byte> payload) {
  // Where chunks are wanted, every answer is a message: on_message() counts on it.
  if (!fetcher_ || payload.empty() || payload.size() % wire::kReadReplySize != 0 ||
      (consumer_.wants_chunks() && payload.size() != wire::kReadReplySize)) {
    return session_.fail_at(from, {.code = Errc::unexpected_message});
  }
  for (; !payload.empty(); payload = payload.subspan(wire::kReadReplySize)) {
    const auto reply = wire::decode_read_reply(payload.first<wire::kReadReplySize>());
    if (!reply) return session_.fail_at(from, reply.error());
    on_reply(from, *reply, Lease{});
  }
}

void RetrievalMaster::on_chunk(Rank from, const job::Message& message,
                               job::Completion& completion) {
  const wire::Header& header = message.header;
  if (!pool_ || !fetcher_ || header.chunk.value >= chunks() ||
      header.length != length_of(header.chunk)) {
    return session_.fail_at(from, {.code = Errc::unexpected_message});
  }
  session_.on_late();
  const bool right = header.payload_digest == manifest_.chunk_digests[header.chunk.value];
  const auto arrival = !message.intact() ? protocol::Arrival::damaged
                       : right           ? protocol::Arrival::good
                                         : protocol::Arrival::unavailable;
  const protocol::FetchEffect effect =
      fetcher_->on_arrival(from, header.chunk, header.attempt, arrival, session_.now());
  // A lease that is not taken is received into again.
  Lease lease;
  if (effect == protocol::FetchEffect::accepted) lease = std::move(completion.lease);
  settle(from, effect,
         {.chunk = header.chunk, .attempt = header.attempt, .digest = header.payload_digest},
         std::move(lease));
}

// `lease` holds the chunk if this rank has read it itself, and chunks are wanted.
void RetrievalMaster::on_reply(Rank from, const wire::ReadReply& reply, Lease lease) {
  if (reply.chunk.value >= chunks()) {
    return session_.fail_at(from, {.code = Errc::unexpected_message});
  }
  if (disk::is_limit_of_open_files(reply.system_errno)) {
    return session_.fail(discrepancies_->unopened(from, reply));
  }
  const bool right = reply.status == wire::ReadReply::Status::whole &&
                     reply.digest == manifest_.chunk_digests[reply.chunk.value];
  if (right && consumer_.wants_chunks() && !lease) {
    return session_.fail_at(from, {.code = Errc::unexpected_message});
  }
  const protocol::FetchEffect effect = fetcher_->on_arrival(
      from, reply.chunk, reply.attempt,
      right ? protocol::Arrival::good : protocol::Arrival::unavailable, session_.now());
  settle(from, effect, reply, std::move(lease));
}

void RetrievalMaster::settle(Rank from, protocol::FetchEffect effect, const wire::ReadReply& reply,
                             Lease lease) {
  const ChunkIndex chunk = reply.chunk;
  switch (effect) {
    case protocol::FetchEffect::accepted:
      session_.observer().on_checked(chunk, from, true);
      return consumer_.accept(chunk, length_of(chunk), std::move(lease));
    case protocol::FetchEffect::again:
    case protocol::FetchEffect::stale:
      return;
    case protocol::FetchEffect::exhausted:
      return session_.fail_at(
          from, {.code = Errc::chunk_corrupt,
                 .detail = fmt::format("chunk {} arrived damaged {} times", chunk.value,
                                       options_.retries + 1),
                 .hint = "check memory and network of that host, or raise --retries"});
    case protocol::FetchEffect::lost:
      return reject(discrepancies_->unreadable(from, reply));
    case protocol::FetchEffect::invalid:
      return session_.fail_at(
          from,
          {.code = Errc::unexpected_message,
           .detail = fmt::format("an answer about chunk {} that nobody asked for", chunk.value)});
  }
}

void RetrievalMaster::on_tick(clock::Time now) {
  if (!fetcher_) {
    if (options_.stall_timeout.count() == 0) return;
    const auto silent = surveys_.silent(now, options_.stall_timeout);
    if (!silent.empty()) session_.fail(session_.silence(silent, "has not told what it sees"));
    return;
  }
  if (const auto stall = fetcher_->stalled(now)) {
    session_.fail(session_.silence(
        job::worst_first(*stall, fetcher_->silent(now, session_.notable_silence())),
        fmt::format("{} of {} requests unanswered, last answer {:.1f} s ago", stall->unacknowledged,
                    memory_.window, job::seconds(stall->silent))));
  }
  session_.observer().on_progress(
      {.moved = std::min(bytes_done_, consumer_.also_read().value_or(bytes_done_)),
       .chunks_moved = fetcher_->chunks_done(),
       .total = manifest_.size - bytes_rejected_,
       .in_flight = fetcher_->in_flight(),
       .elapsed = session_.transfer_time()});
}

void RetrievalMaster::report(Report& report) const {
  report.directory = directory_;
  report.window = memory_.window;
  report.buffers = memory_.buffers;
  if (!manifest_.workers.empty()) {  // it was read
    report.source = manifest_.source;
    report.source_size = manifest_.size;
    report.chunk_size = manifest_.chunk_size;
    report.chunks = chunks();
    if (report.ok()) report.digest = manifest_.digest;
    if (pool_) report.peak_buffers = pool_->peak();
  }
  if (fetcher_) {
    report.chunks_written = fetcher_->chunks_done();
    report.bytes_written = bytes_done_;
    report.chunks_corrupt = fetcher_->chunks_corrupt();
    report.chunks_resent = fetcher_->chunks_again();
    report.peak_in_flight = fetcher_->peak_in_flight();
  }
  consumer_.report(report);
}

}  // namespace mpiferry::operations
