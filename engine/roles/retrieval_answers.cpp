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
#include "engine/disk/manifest_file.hpp"
#include "engine/disk/stale_file.hpp"
#include "engine/roles/repair_hint.hpp"
#include "engine/roles/retrieval_master.hpp"

namespace mpiferry::roles {

void RetrievalMaster::hear_more(Rank from, const Message& message, mpi::Completion& completion) {
  hear_answer(from, message, completion);
  // Every answer needs one receive less. Its buffer is kept for whoever is asked next, which may be
  // this rank: all of them could lie in receives for which nothing comes.
  if (deliver_ && fetcher_ && listening() >= fetcher_->open_requests() + spare_) {
    completion.lease.reset();
  }
}

void RetrievalMaster::hear_answer(Rank from, const Message& message, mpi::Completion& completion) {
  std::span<const std::byte> payload = message.payload;
  switch (message.header.kind) {
    case wire::Kind::chunk:
      return hear_chunk(from, message, completion);
    case wire::Kind::seen_chunks: {
      const auto seen = wire::decode_seen_chunks(payload);
      if (!seen) return refuse(from, seen.error());
      if (!surveying() || seen->directory >= chunk_reader_->destinations().directories() ||
          !count(from, message.header)) {
        break;
      }
      survey_of(from).all_seen.emplace_back(message.header.attempt, *seen);
      return take_holdings(from);
    }
    case wire::Kind::extra_files: {
      const auto extras = wire::decode_extra_files(payload);
      if (!extras) return refuse(from, extras.error());
      if (!surveying() || extras->directory >= chunk_reader_->destinations().directories() ||
          !count(from, message.header)) {
        break;
      }
      extras_.emplace_back(from, *extras);
      return take_holdings(from);
    }
    case wire::Kind::read_replies:
      if (!fetcher_ || payload.empty() || payload.size() % wire::kReadReplySize != 0) break;
      // Where chunks are wanted, every answer is a message: hear_more() counts on it.
      if (deliver_ && payload.size() != wire::kReadReplySize) break;
      for (; !payload.empty(); payload = payload.subspan(wire::kReadReplySize)) {
        const auto reply = wire::decode_read_reply(payload.first<wire::kReadReplySize>());
        if (!reply) return refuse(from, reply.error());
        hear_finding(from, *reply, Lease{});
      }
      return;
    default:
      break;
  }
  refuse(from, {.code = Errc::unexpected_message});
}

// One of the messages in which a worker tells what it sees: the n-th of so many. False if that
// cannot be.
bool RetrievalMaster::count(Rank from, const wire::Header& header) {
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
void RetrievalMaster::take_holdings(Rank from) {
  Survey& survey = survey_of(from);
  if (!survey.complete()) return;
  std::ranges::sort(survey.all_seen, {}, [](const auto& it) { return it.first; });
  for (const auto& [number, seen] : std::exchange(survey.all_seen, {})) {
    if (seen.runs.empty() || locations_.add(from, seen, chunks())) continue;
    return refuse(from, {.code = Errc::bad_field, .detail = "holding: chunks that cannot be"});
  }
}

void RetrievalMaster::hear_chunk(Rank from, const Message& message, mpi::Completion& completion) {
  const wire::Header& header = message.header;
  if (!deliver_ || !fetcher_ || header.chunk.value >= chunks() ||
      header.length != length_of(header.chunk)) {
    return refuse(from, {.code = Errc::unexpected_message});
  }
  fsm_.on_late(clock_.now());
  const bool intact = message.intact();
  const bool right = header.payload_digest == manifest_.chunk_digests[header.chunk.value];
  const protocol::FetchEffect effect =
      fetcher_->on_arrival(from, header.chunk, header.attempt,
                           !intact ? protocol::Arrival::damaged
                           : right ? protocol::Arrival::good
                                   : protocol::Arrival::unavailable,
                           clock_.now());
  // A lease that is not taken is listened with again.
  Lease lease;
  if (effect == protocol::FetchEffect::accepted) lease = std::move(completion.lease);
  settle(from, header.chunk, effect,
         {.chunk = header.chunk, .attempt = header.attempt, .digest = header.payload_digest},
         std::move(lease));
}

// `lease` holds the chunk if this rank has read it itself, and chunks are wanted.
void RetrievalMaster::hear_finding(Rank from, const wire::ReadReply& reply, Lease lease) {
  const ChunkIndex chunk = reply.chunk;
  if (chunk.value >= chunks()) return refuse(from, {.code = Errc::unexpected_message});
  if (disk::is_limit_of_open_files(reply.system_errno)) return fail(unopened(from, reply));
  const bool right = reply.status == wire::ReadReply::Status::whole &&
                     reply.digest == manifest_.chunk_digests[chunk.value];
  if (right && deliver_ && !lease) return refuse(from, {.code = Errc::unexpected_message});
  const protocol::FetchEffect effect = fetcher_->on_arrival(
      from, chunk, reply.attempt, right ? protocol::Arrival::good : protocol::Arrival::unavailable,
      clock_.now());
  settle(from, chunk, effect, reply, std::move(lease));
}

void RetrievalMaster::settle(Rank from, ChunkIndex chunk, protocol::FetchEffect effect,
                             const wire::ReadReply& reply, Lease lease) {
  switch (effect) {
    case protocol::FetchEffect::accepted:
      observer_.on_checked(chunk, from, true);
      return accept(chunk, length_of(chunk), std::move(lease));
    case protocol::FetchEffect::again:
    case protocol::FetchEffect::stale:
      return;
    case protocol::FetchEffect::exhausted:
      return refuse(from, {.code = Errc::chunk_corrupt,
                           .detail = fmt::format("chunk {} arrived damaged {} times", chunk.value,
                                                 options_.retries + 1),
                           .hint = "check memory and network of that host, or raise --retries"});
    case protocol::FetchEffect::lost:
      return on_lost(flaw_of(from, reply));
    case protocol::FetchEffect::invalid:
      return refuse(from, {.code = Errc::unexpected_message,
                           .detail = fmt::format("an answer about chunk {} that nobody asked for",
                                                 chunk.value)});
  }
}

// What several ranks of a host see, the lowest of them tells. Containers of one machine may see
// different files, and so may machines of one name.
void RetrievalMaster::tell_extras() {
  std::set<std::pair<std::string, std::string>> hosts;
  for (int rank = 0; rank < communicator_.size(); ++rank) {
    const std::string machine = rank == 0 ? machine_id(host_) : peers_.machine(Rank{rank});
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

bool RetrievalMaster::is_moved_chunk(std::uint32_t directory, std::string_view name) const {
  if (manifest_.layout != wire::Layout::stripes ||
      disk::stale_file_kind(name) != disk::StaleFileKind::chunk) {
    return false;
  }
  const auto number = disk::stale_file_number(name);
  return number && manifest_.is_moved(ChunkIndex{*number}) &&
         directory_of(ChunkIndex{*number}) == directory;
}

void RetrievalMaster::tell_extra(Rank from, std::uint32_t directory, std::string_view name) {
  on_extra({.kind = Report::Discrepancy::Kind::extra,
            .rank = from,
            .host = host_of(from),
            .path = path_in(chunk_reader_->destinations().path(directory), name)});
}

// Chunks that lie in the directory of a worker that is not theirs.
void RetrievalMaster::tell_strays(Rank from) {
  if (manifest_.layout != wire::Layout::chunks || chunk_reader_->destinations().directories() == 1)
    return;
  for (const auto& [directory, set] : locations_.seen_by(from)) {
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

Report::Discrepancy RetrievalMaster::flaw_of(Rank from, const wire::ReadReply& reply) const {
  Report::Discrepancy discrepancy{.kind = Report::Discrepancy::Kind::damaged,
                                  .chunk = reply.chunk,
                                  .rank = from,
                                  .host = host_of(from),
                                  .path = path_of(reply.chunk),
                                  .call = wire::call_name(reply.call),
                                  .system_errno = reply.system_errno};
  const std::string expected = wire::to_hex(manifest_.chunk_digests[reply.chunk.value]);
  switch (reply.status) {
    case wire::ReadReply::Status::whole:
      discrepancy.detail = fmt::format("its digest is {}, the manifest says {}",
                                       wire::to_hex(reply.digest), expected);
      break;
    case wire::ReadReply::Status::missing:
      discrepancy.kind = Report::Discrepancy::Kind::missing;
      discrepancy.detail = fmt::format("it is not there; the manifest says digest {}", expected);
      break;
    case wire::ReadReply::Status::wrong_length:
      discrepancy.detail =
          fmt::format("it has {} bytes there and not {}, and the manifest says digest {}",
                      reply.digest, length_of(reply.chunk).value, expected);
      break;
    case wire::ReadReply::Status::unreadable:
      discrepancy.detail = fmt::format(
          "{}; the manifest says digest {}",
          is_no_file(discrepancy) ? "it is no regular file" : "it cannot be read", expected);
      break;
  }
  return discrepancy;
}

// The chunk may well be whole.
Failure RetrievalMaster::unopened(Rank from, const wire::ReadReply& reply) const {
  Failure failure =
      disk::stored_failure(path_of(reply.chunk), wire::call_name(reply.call), reply.system_errno);
  failure.code = Errc::invalid_argument;
  failure.rank = from;
  failure.host = host_of(from);
  failure.detail = fmt::format("chunk {} cannot be read", reply.chunk.value);
  return failure;
}

Report::Discrepancy RetrievalMaster::missing(ChunkIndex chunk) const {
  const Rank holder = manifest_.holder_of(chunk);
  const auto& worker = manifest_.workers[static_cast<std::size_t>(holder.value) - 1];
  return {
      .kind = Report::Discrepancy::Kind::missing,
      .chunk = chunk,
      .path = path_of(chunk),
      .detail = fmt::format(
          "no rank sees it; rank {} of the scatter wrote it on host {}, with digest {}",
          holder.value, escaped(worker.host), wire::to_hex(manifest_.chunk_digests[chunk.value]))};
}

// Why nobody could see the chunk: the first of those who could not look where it ought to be.
std::optional<Failure> RetrievalMaster::unseen_place_of(ChunkIndex chunk) const {
  const auto unread = std::ranges::find_if(extras_, [&](const auto& it) {
    return it.second.directory == directory_of(chunk) && !it.second.call.empty();
  });
  if (unread == extras_.end()) return std::nullopt;
  const auto& [from, extras] = *unread;
  Failure failure = disk::no_manifest(disk::stored_failure(
      chunk_reader_->destinations().path(extras.directory), extras.call, extras.system_errno));
  failure.rank = from;
  failure.host = host_of(from);
  return failure;
}

std::uint32_t RetrievalMaster::directory_of(ChunkIndex chunk) const {
  return chunk_reader_->destinations().directory_of(manifest_.holder_of(chunk));
}

std::string RetrievalMaster::path_of(ChunkIndex chunk) const {
  return path_in(
      chunk_reader_->destinations().path(directory_of(chunk)),
      stored_name(manifest_.layout, chunk, manifest_.holder_of(chunk), manifest_.is_moved(chunk)));
}

const std::string& RetrievalMaster::host_of(Rank rank) const {
  return rank == kMaster ? host_ : peers_.host(rank);
}

}  // namespace mpiferry::roles
