#include "engine/operations/retrieval/retrieval_master.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "engine/disk/destination_pattern.hpp"
#include "engine/disk/manifest_file.hpp"
#include "engine/job/fault_player.hpp"
#include "engine/job/preflight.hpp"
#include "engine/job/source_reader.hpp"

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

RetrievalMaster::RetrievalMaster(job::MasterSession& session, const std::string& destination,
                                 const JobOptions& options, ChunkConsumer& consumer)
    : session_(session),
      destination_(destination),
      options_(options),
      consumer_(consumer),
      directory_(disk::expand_destination(destination, kMaster, session.environment().host)),
      surveys_(session.workers(), consumer.spares_master()),
      requests_(session) {}

Task<Outcome> RetrievalMaster::prepare() {
  Outcome ready = check_options();
  if (ready) ready = session_.observer().on_begin();
  if (ready) ready = job::check_open_files(session_.environment().storage);
  if (ready) ready = read_manifest();
  if (!ready) co_return ready;
  const job::ChunkLimits limits{
      .chunk_size = manifest_.chunk_size, .window = options_.window, .memory = options_.memory};
  const bool wants_chunks = consumer_.wants_chunks();
  memory_ = wants_chunks ? RetrievalMemory::for_chunks(limits, session_.workers())
                         : RetrievalMemory::for_digests(limits, session_.workers());
  if (wants_chunks) receives_.emplace(session_, memory_);
  reader_.emplace(session_.environment().storage, job_message());
  own_.emplace(
      *reader_, wants_chunks ? &receives_->pool() : nullptr,
      wants_chunks ? 0 : std::min<std::size_t>(job::kDigestSlice, manifest_.chunk_size.value));
  discrepancies_.emplace(session_, manifest_, reader_->destinations(), surveys_);
  ready = check_job_message();
  if (ready) ready = consumer_.open(*this);
  if (ready) co_await survey();
  co_return ready;
}

Outcome RetrievalMaster::check_options() const {
  Outcome ready = job::check_faults(options_.faults, session_.workers());
  if (ready && !consumer_.wants_chunks() && options_.faults.corrupt_every != 0) {
    return Failure{
        .code = Errc::invalid_argument,
        .detail = "`faults` corrupt: without chunks on the way verify has none to damage",
        .hint = "it plays stall and delay"};
  }
  if (ready) ready = validate(options_);
  return ready ? disk::check_pattern(destination_) : ready;
}

Outcome RetrievalMaster::read_manifest() {
  const auto directory = disk::Directory::open_existing(session_.environment().storage, directory_);
  if (!directory) return disk::no_manifest(directory.error());
  auto manifest = disk::read_manifest(*directory);
  if (!manifest) return std::move(manifest.error());
  manifest_ = std::move(*manifest);
  session_.observer().on_manifest(manifest_.source, chunks(), manifest_.chunk_size);
  return Nothing{};
}

wire::RetrievalJob RetrievalMaster::job_message() const {
  return {.master = session_.identity(options_.build),
          .directory = destination_,
          .hosts = hosts_of(manifest_, destination_),
          .size = manifest_.size,
          .chunk_size = manifest_.chunk_size,
          .layout = manifest_.layout,
          .window = memory_.window,
          .deliver = consumer_.wants_chunks(),
          .stall_timeout = options_.stall_timeout,
          .faults = options_.faults};
}

// The hosts of a scatter with very many may be more than a message holds.
Outcome RetrievalMaster::check_job_message() const {
  std::vector<std::byte> out(wire::kControlPayload.value);
  const wire::RetrievalJob job = job_message();
  if (wire::encode(job, out)) return Nothing{};
  return Failure{
      .code = Errc::invalid_argument,
      .path = destination_,
      .detail = fmt::format("the names of its hosts, {} in the order of the ranks, do not "
                            "fit into a message of {} bytes",
                            job.hosts.size(), out.size()),
      .hint =
          "collect the directories of all hosts under one name without {host}, and "
          "give that"};
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
    const auto there = disk::Directory::open_existing(directory.storage(), path);
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

void RetrievalMaster::start() {
  if (receives_) receives_->post(0);
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
  fetch_.emplace(FetchParts{.session = session_,
                            .consumer = consumer_,
                            .manifest = manifest_,
                            .locations = surveys_.locations(),
                            .discrepancies = *discrepancies_,
                            .own = *own_,
                            .requests = requests_,
                            .receives = receives_ ? &*receives_ : nullptr},
                 protocol::FetcherConfig{.chunks = chunks(),
                                         .ranks = session_.workers() + 1,
                                         .window = memory_.window,
                                         .buffers = memory_.buffers,
                                         .retries = options_.retries,
                                         .stall_timeout = options_.stall_timeout,
                                         .holder = {}});
  co_await fetch_->run();
}

void RetrievalMaster::on_message(Rank from, const job::Message& message,
                                 job::Completion& completion) {
  dispatch(from, message, completion);
  // Every answer needs one receive less. Its buffer is kept for whoever is asked next, which may be
  // this rank: all of them could lie in receives for which nothing comes.
  if (receives_ && fetch_ && receives_->suffice(fetch_->fetcher().open_requests())) {
    completion.lease.reset();
  }
}

void RetrievalMaster::dispatch(Rank from, const job::Message& message,
                               job::Completion& completion) {
  switch (message.header.kind) {
    case wire::Kind::seen_chunks:
      return on_told(from, wire::decode_seen_chunks(message.payload));
    case wire::Kind::extra_files:
      return on_told(from, wire::decode_extra_files(message.payload));
    case wire::Kind::chunk:
      if (fetch_) return fetch_->on_chunk(from, message, completion);
      break;
    case wire::Kind::read_replies:
      if (fetch_) return fetch_->on_replies(from, message.payload);
      break;
    default:
      break;
  }
  session_.fail_at(from, {.code = Errc::unexpected_message});
}

// A worker tells what it sees.
template <class Told>
void RetrievalMaster::on_told(Rank from, Result<Told> told) {
  if (!told) return session_.fail_at(from, told.error());
  Outcome added = Failure{.code = Errc::unexpected_message};
  if (reader_ && !fetch_ && told->directory < reader_->destinations().directories()) {
    added = surveys_.add(from, std::move(*told), chunks());
  }
  if (!added) session_.fail_at(from, std::move(added.error()));
}

void RetrievalMaster::on_tick(clock::Time now) {
  if (!fetch_) {
    if (options_.stall_timeout.count() == 0) return;
    const auto silent = surveys_.silent(now, options_.stall_timeout);
    if (!silent.empty()) session_.fail(session_.silence(silent, "has not told what it sees"));
    return;
  }
  const protocol::Fetcher& fetcher = fetch_->fetcher();
  if (const auto stall = fetcher.stalled(now)) {
    session_.fail(session_.silence(
        job::worst_first(*stall, fetcher.silent(now, session_.notable_silence())),
        fmt::format("{} of {} requests unanswered, last answer {:.1f} s ago", stall->unacknowledged,
                    memory_.window, job::seconds(stall->silent))));
  }
  session_.observer().on_progress(
      {.moved =
           std::min(fetch_->bytes_done(), consumer_.also_read().value_or(fetch_->bytes_done())),
       .chunks_moved = fetcher.chunks_done(),
       .total = manifest_.size - fetch_->bytes_rejected(),
       .in_flight = fetcher.in_flight(),
       .elapsed = session_.transfer_time()});
}

TransferReport RetrievalMaster::report() const {
  TransferReport report{
      .directory = directory_, .window = memory_.window, .buffers = memory_.buffers};
  if (!manifest_.workers.empty()) {  // it was read
    report.source = manifest_.source;
    report.source_size = manifest_.size;
    report.chunk_size = manifest_.chunk_size;
    report.chunks = chunks();
    if (session_.verdict() == Errc::ok) report.digest = manifest_.digest;
    if (receives_) report.peak_buffers = receives_->peak();
  }
  if (fetch_) {
    const protocol::Fetcher& fetcher = fetch_->fetcher();
    report.chunks_written = fetcher.chunks_done();
    report.bytes_written = fetch_->bytes_done();
    report.chunks_corrupt = fetcher.chunks_corrupt();
    report.chunks_resent = fetcher.chunks_again();
    report.peak_in_flight = fetcher.peak_in_flight();
  }
  return report;
}

}  // namespace mpiferry::operations
