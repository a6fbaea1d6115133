// The master that brings chunks back, before it begins: manifest, memory, its own look around, the
// invitation.
#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "engine/disk/destination_pattern.hpp"
#include "engine/disk/manifest_file.hpp"
#include "engine/disk/stale_file.hpp"
#include "engine/roles/fault_player.hpp"
#include "engine/roles/options.hpp"
#include "engine/roles/preflight.hpp"
#include "engine/roles/retrieval_master.hpp"
#include "engine/roles/source_reader.hpp"

namespace mpiferry::roles {
namespace {

// Requests that are open at once when only digests come back.
constexpr std::size_t kMaxReadReplies = 4096;

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

Task<Outcome> RetrievalMaster::prepare() {
  Outcome ready = check_faults(options_.faults, workers());
  if (ready && !deliver_ && options_.faults.corrupt_every != 0) {
    ready =
        Failure{.code = Errc::invalid_argument,
                .detail = "--fault corrupt: without chunks on the way verify has none to damage",
                .hint = "it plays stall and delay"};
  }
  if (ready) ready = check_stall_timeout(options_.stall_timeout);
  if (ready) ready = disk::check_pattern(options_.directory);
  if (ready) ready = observer_.on_begin();
  if (ready) ready = check_open_files();
  if (ready) ready = read_manifest();
  if (!ready) co_return ready;
  plan_memory();
  const wire::RetrievalJob& job =
      job_.emplace(wire::RetrievalJob{.build = options_.build,
                                      .host = host_,
                                      .directory = options_.directory,
                                      .hosts = hosts_of(manifest_, options_.directory),
                                      .size = manifest_.size,
                                      .chunk_size = manifest_.chunk_size,
                                      .layout = manifest_.layout,
                                      .window = window_,
                                      .deliver = deliver_,
                                      .stall_timeout = options_.stall_timeout,
                                      .faults = options_.faults});
  chunk_reader_.emplace(job);
  ready = open();
  if (!ready) co_return ready;

  ChunkReader::Sinks sinks{
      .seen = [this](const wire::SeenChunks& it) { locations_.add(kMaster, it, chunks()); },
      .extras = [this](const wire::ExtraFiles& it) { extras_.emplace_back(kMaster, it); }};
  std::function<bool()> stop = [this] { return fsm_.failed(); };
  co_await chunk_reader_->survey(context_, std::move(sinks), std::move(stop));
  co_return Nothing{};
}

Outcome RetrievalMaster::read_manifest() {
  const auto directory = disk::Directory::open_existing(directory_);
  if (!directory) return disk::no_manifest(directory.error());
  auto manifest = disk::read_manifest(*directory);
  if (!manifest) return std::move(manifest.error());
  manifest_ = std::move(*manifest);
  observer_.on_manifest(manifest_.source, chunks(), chunk_size());
  return Nothing{};
}

bool RetrievalMaster::is_looked_in(const disk::Directory& directory) const {
  const auto is_it = [&directory](const std::string& path) {
    const auto there = disk::Directory::open_existing(path);
    return there && there->id() == directory.id();
  };
  const DestinationMap& where = chunk_reader_->destinations();
  for (std::uint32_t number = 0; number < where.directories(); ++number) {
    if (is_it(where.path(number))) return true;
  }
  return is_it(directory_);
}

void RetrievalMaster::plan_memory() {
  const Options limits{
      .chunk_size = manifest_.chunk_size, .window = options_.window, .memory = options_.memory};
  window_ = limits.effective_window();
  const auto sharing = std::max<std::uint64_t>(1, workers());
  if (!deliver_) {
    // ReadReplies are small: only the memory of those who read sets a limit.
    buffers_ = std::min<std::uint64_t>(kMaxReadReplies, (sharing + 1) * window_);
    scratch_.resize(std::min<std::size_t>(kDigestSlice, manifest_.chunk_size.value));
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
void RetrievalMaster::begin_listening() {
  if (!deliver_) Master::begin_listening();
}

// Nobody has been invited yet, and nobody will send a chunk; but all will confirm the end.
void RetrievalMaster::on_failed() {
  if (deliver_ && listening() == 0) Master::begin_listening();
}

void RetrievalMaster::listen_enough() {
  if (!deliver_ || workers() == 0) return;
  const std::size_t open = fetcher_ ? fetcher_->open_requests() : 0;
  while (listening() < open + spare_) listen(*pool_->try_acquire());
}

void RetrievalMaster::send_job() {
  listen_enough();
  requests_pool_.emplace(Bytes{std::uint64_t{window_} * wire::kReadRequestSize},
                         std::size_t{2} * std::max<std::uint32_t>(1, workers()));
  for (int rank = 1; rank < communicator_.size(); ++rank) {
    control_.send(Rank{rank}, wire::Tag::data, wire::Kind::retrieval, job_id_, *job_);
  }
}

}  // namespace mpiferry::roles
