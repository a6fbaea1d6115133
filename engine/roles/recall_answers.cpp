// The ears of the master that brings chunks back: who sees what, chunks, and why one does not come.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "engine/base/machine.hpp"
#include "engine/base/path.hpp"
#include "engine/disk/chunk_name.hpp"
#include "engine/disk/destination_failure.hpp"
#include "engine/disk/leftover.hpp"
#include "engine/disk/manifest_file.hpp"
#include "engine/roles/cure.hpp"
#include "engine/roles/recall_master.hpp"

namespace mpiferry::roles {

void RecallMaster::hear_more(Rank from, const Message& message, mpi::Completion& completion) {
  hear_answer(from, message, completion);
  // Every answer needs one receive less. Its buffer is kept for whoever is asked next, which may be
  // this rank: all of them could lie in receives for which nothing comes.
  if (deliver_ && fetcher_ && listening() >= fetcher_->open_requests() + spare_) {
    completion.lease.reset();
  }
}

void RecallMaster::hear_answer(Rank from, const Message& message, mpi::Completion& completion) {
  std::span<const std::byte> payload = message.payload;
  switch (message.header.kind) {
    case wire::Kind::chunk:
      return hear_chunk(from, message, completion);
    case wire::Kind::holding: {
      const auto holding = wire::decode_holding(payload);
      if (!holding) return refuse(from, holding.error());
      if (!surveying() || holding->directory >= shelf_->whereabouts().directories() ||
          !count(from, message.header)) {
        break;
      }
      survey_of(from).holdings.emplace_back(message.header.attempt, *holding);
      return take_holdings(from);
    }
    case wire::Kind::extras: {
      const auto extras = wire::decode_extras(payload);
      if (!extras) return refuse(from, extras.error());
      if (!surveying() || extras->directory >= shelf_->whereabouts().directories() ||
          !count(from, message.header)) {
        break;
      }
      extras_.emplace_back(from, *extras);
      return take_holdings(from);
    }
    case wire::Kind::findings:
      if (!fetcher_ || payload.empty() || payload.size() % wire::kFindingSize != 0) break;
      // Where chunks are wanted, every answer is a message: hear_more() counts on it.
      if (deliver_ && payload.size() != wire::kFindingSize) break;
      for (; !payload.empty(); payload = payload.subspan(wire::kFindingSize)) {
        const auto finding = wire::decode_finding(payload.first<wire::kFindingSize>());
        if (!finding) return refuse(from, finding.error());
        hear_finding(from, *finding, Lease{});
      }
      return;
    default:
      break;
  }
  refuse(from, {.code = Errc::unexpected_message});
}

// One of the messages in which a worker tells what it sees: the n-th of so many. False if that
// cannot be.
bool RecallMaster::count(Rank from, const wire::Header& header) {
  Survey& survey = survey_of(from);
  const std::uint64_t all = header.chunk.value;
  if (header.attempt >= all || survey.complete() || (survey.all != 0 && survey.all != all)) {
    return false;
  }
  survey.all = all;
  ++survey.heard;
  return true;
}

// Messages of one worker may be heard in another order than they were sent in.
void RecallMaster::take_holdings(Rank from) {
  Survey& survey = survey_of(from);
  if (!survey.complete()) return;
  std::ranges::sort(survey.holdings, {}, [](const auto& it) { return it.first; });
  for (const auto& [number, holding] : std::exchange(survey.holdings, {})) {
    if (holding.runs.empty() || holdings_.add(from, holding, chunks())) continue;
    return refuse(from, {.code = Errc::bad_field, .detail = "holding: chunks that cannot be"});
  }
}

void RecallMaster::hear_chunk(Rank from, const Message& message, mpi::Completion& completion) {
  const wire::Header& header = message.header;
  if (!deliver_ || !fetcher_ || header.chunk.value >= chunks() ||
      header.length != length_of(header.chunk)) {
    return refuse(from, {.code = Errc::unexpected_message});
  }
  conductor_.on_late(clock_.now());
  const bool intact = message.intact();
  const bool right = header.payload_digest == manifest_.chunk_digests[header.chunk.value];
  const flow::FetchEffect effect = fetcher_->on_arrival(from, header.chunk, header.attempt,
                                                        !intact ? flow::Arrival::damaged
                                                        : right ? flow::Arrival::good
                                                                : flow::Arrival::unavailable,
                                                        clock_.now());
  // A lease that is not taken is listened with again.
  Lease lease;
  if (effect == flow::FetchEffect::accepted) lease = std::move(completion.lease);
  settle(from, header.chunk, effect,
         {.chunk = header.chunk, .attempt = header.attempt, .digest = header.payload_digest},
         std::move(lease));
}

// `lease` holds the chunk if this rank has read it itself, and chunks are wanted.
void RecallMaster::hear_finding(Rank from, const wire::Finding& finding, Lease lease) {
  const ChunkIndex chunk = finding.chunk;
  if (chunk.value >= chunks()) return refuse(from, {.code = Errc::unexpected_message});
  if (disk::is_limit_of_open_files(finding.system_errno)) return fail(unopened(from, finding));
  const bool right = finding.status == wire::Finding::Status::whole &&
                     finding.digest == manifest_.chunk_digests[chunk.value];
  if (right && deliver_ && !lease) return refuse(from, {.code = Errc::unexpected_message});
  const flow::FetchEffect effect =
      fetcher_->on_arrival(from, chunk, finding.attempt,
                           right ? flow::Arrival::good : flow::Arrival::unavailable, clock_.now());
  settle(from, chunk, effect, finding, std::move(lease));
}

void RecallMaster::settle(Rank from, ChunkIndex chunk, flow::FetchEffect effect,
                          const wire::Finding& finding, Lease lease) {
  switch (effect) {
    case flow::FetchEffect::accepted:
      observer_.on_checked(chunk, from, true);
      return accept(chunk, length_of(chunk), std::move(lease));
    case flow::FetchEffect::again:
    case flow::FetchEffect::stale:
      return;
    case flow::FetchEffect::exhausted:
      return refuse(from, {.code = Errc::chunk_corrupt,
                           .detail = fmt::format("chunk {} arrived damaged {} times", chunk.value,
                                                 options_.retries + 1),
                           .hint = "check memory and network of that host, or raise --retries"});
    case flow::FetchEffect::lost:
      return on_lost(flaw_of(from, finding));
    case flow::FetchEffect::invalid:
      return refuse(from, {.code = Errc::unexpected_message,
                           .detail = fmt::format("an answer about chunk {} that nobody asked for",
                                                 chunk.value)});
  }
}

// What several ranks of a host see, the lowest of them tells. Containers of one machine may see
// different files, and so may machines of one name.
void RecallMaster::tell_extras() {
  std::set<std::pair<std::string, std::string>> hosts;
  for (int rank = 0; rank < communicator_.size(); ++rank) {
    const std::string machine = rank == 0 ? machine_id(host_) : crew_.machine(Rank{rank});
    if (!hosts.emplace(machine, host_of(Rank{rank})).second) continue;
    for (const auto& [from, extras] : extras_) {
      if (from != Rank{rank}) continue;
      for (const std::string& name : extras.names) {
        if (!is_moved_chunk(extras.directory, name)) tell_extra(from, extras.directory, name);
      }
    }
    tell_strays(Rank{rank});
  }
}

bool RecallMaster::is_moved_chunk(std::uint32_t directory, std::string_view name) const {
  if (manifest_.layout != wire::Layout::stripes ||
      disk::leftover_kind(name) != disk::Leftover::chunk) {
    return false;
  }
  const auto number = disk::leftover_number(name);
  return number && manifest_.is_moved(ChunkIndex{*number}) &&
         directory_of(ChunkIndex{*number}) == directory;
}

void RecallMaster::tell_extra(Rank from, std::uint32_t directory, std::string_view name) {
  on_extra({.kind = Report::Flaw::Kind::extra,
            .rank = from,
            .host = host_of(from),
            .path = path_in(shelf_->whereabouts().path(directory), name)});
}

// Chunks that lie in the directory of a worker that is not theirs.
void RecallMaster::tell_strays(Rank from) {
  if (manifest_.layout != wire::Layout::chunks || shelf_->whereabouts().directories() == 1) return;
  for (const auto& [directory, set] : holdings_.seen_by(from)) {
    for (const wire::ChunkRun& run : set.runs()) {
      for (std::uint32_t k = 0; k < run.count; ++k) {
        const ChunkIndex chunk{run.first + std::uint64_t{run.stride} * k};
        if (directory_of(chunk) != directory) {
          tell_extra(from, directory, disk::ChunkName{chunk}.view());
        }
      }
    }
  }
}

Report::Flaw RecallMaster::flaw_of(Rank from, const wire::Finding& finding) const {
  Report::Flaw flaw{.kind = Report::Flaw::Kind::damaged,
                    .chunk = finding.chunk,
                    .rank = from,
                    .host = host_of(from),
                    .path = path_of(finding.chunk),
                    .call = wire::call_name(finding.call),
                    .system_errno = finding.system_errno};
  const std::string expected = wire::to_hex(manifest_.chunk_digests[finding.chunk.value]);
  switch (finding.status) {
    case wire::Finding::Status::whole:
      flaw.detail = fmt::format("its digest is {}, the manifest says {}",
                                wire::to_hex(finding.digest), expected);
      break;
    case wire::Finding::Status::missing:
      flaw.kind = Report::Flaw::Kind::missing;
      flaw.detail = fmt::format("it is not there; the manifest says digest {}", expected);
      break;
    case wire::Finding::Status::wrong_length:
      flaw.detail = fmt::format("it has {} bytes there and not {}, and the manifest says digest {}",
                                finding.digest, length_of(finding.chunk).value, expected);
      break;
    case wire::Finding::Status::unreadable:
      flaw.detail =
          fmt::format("{}; the manifest says digest {}",
                      is_no_file(flaw) ? "it is no regular file" : "it cannot be read", expected);
      break;
  }
  return flaw;
}

// The chunk may well be whole.
Failure RecallMaster::unopened(Rank from, const wire::Finding& finding) const {
  Failure failure = disk::stored_failure(path_of(finding.chunk), wire::call_name(finding.call),
                                         finding.system_errno);
  failure.code = Errc::invalid_argument;
  failure.rank = from;
  failure.host = host_of(from);
  failure.detail = fmt::format("chunk {} cannot be read", finding.chunk.value);
  return failure;
}

Report::Flaw RecallMaster::missing(ChunkIndex chunk) const {
  const Rank holder = manifest_.holder_of(chunk);
  const auto& worker = manifest_.workers[static_cast<std::size_t>(holder.value) - 1];
  return {
      .kind = Report::Flaw::Kind::missing,
      .chunk = chunk,
      .path = path_of(chunk),
      .detail = fmt::format(
          "no rank sees it; rank {} of the scatter wrote it on host {}, with digest {}",
          holder.value, escaped(worker.host), wire::to_hex(manifest_.chunk_digests[chunk.value]))};
}

// Why nobody could see the chunk: the first of those who could not look where it ought to be.
std::optional<Failure> RecallMaster::unseen_place_of(ChunkIndex chunk) const {
  const auto unread = std::ranges::find_if(extras_, [&](const auto& it) {
    return it.second.directory == directory_of(chunk) && !it.second.call.empty();
  });
  if (unread == extras_.end()) return std::nullopt;
  const auto& [from, extras] = *unread;
  Failure failure = disk::no_manifest(disk::stored_failure(
      shelf_->whereabouts().path(extras.directory), extras.call, extras.system_errno));
  failure.rank = from;
  failure.host = host_of(from);
  return failure;
}

std::uint32_t RecallMaster::directory_of(ChunkIndex chunk) const {
  return shelf_->whereabouts().directory_of(manifest_.holder_of(chunk));
}

std::string RecallMaster::path_of(ChunkIndex chunk) const {
  return path_in(
      shelf_->whereabouts().path(directory_of(chunk)),
      stored_name(manifest_.layout, chunk, manifest_.holder_of(chunk), manifest_.is_moved(chunk)));
}

const std::string& RecallMaster::host_of(Rank rank) const {
  return rank == kMaster ? host_ : crew_.host(rank);
}

}  // namespace mpiferry::roles
