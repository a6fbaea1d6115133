#include "engine/operations/retrieval/discrepancies.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "engine/base/path.hpp"
#include "engine/disk/destination_failure.hpp"
#include "engine/disk/file_name.hpp"
#include "engine/disk/manifest_file.hpp"
#include "engine/operations/retrieval/repair_hint.hpp"
#include "engine/plan/chunk_plan.hpp"

namespace mpiferry::operations {

std::uint32_t Discrepancies::directory_of(ChunkIndex chunk) const {
  return destinations_.directory_of(manifest_.holder_of(chunk));
}

std::string Discrepancies::path_of(ChunkIndex chunk) const {
  return path_in(destinations_.path(directory_of(chunk)),
                 disk::file_name(layout_.file_of(manifest_.is_moved(chunk)), chunk,
                                 manifest_.holder_of(chunk)));
}

Discrepancy Discrepancies::unreadable(Rank from, const wire::ReadReply& reply) const {
  Discrepancy discrepancy{.kind = Discrepancy::Kind::damaged,
                          .chunk = reply.chunk,
                          .rank = from,
                          .host = session_.host(from),
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
      discrepancy.kind = Discrepancy::Kind::missing;
      discrepancy.detail = fmt::format("it is not there; the manifest says digest {}", expected);
      break;
    case wire::ReadReply::Status::wrong_length:
      discrepancy.detail = fmt::format(
          "it has {} bytes there and not {}, and the manifest says digest {}", reply.length.value,
          plan::ChunkPlan{manifest_.size, manifest_.chunk_size}.length_of(reply.chunk).value,
          expected);
      break;
    case wire::ReadReply::Status::unreadable:
      discrepancy.detail = fmt::format(
          "{}; the manifest says digest {}",
          is_no_file(discrepancy) ? "it is no regular file" : "it cannot be read", expected);
      break;
  }
  return discrepancy;
}

Failure Discrepancies::unopened(Rank from, const wire::ReadReply& reply) const {
  Failure failure =
      disk::stored_failure(path_of(reply.chunk), wire::call_name(reply.call), reply.system_errno);
  failure.code = Errc::invalid_argument;
  failure.rank = from;
  failure.host = session_.host(from);
  failure.detail = fmt::format("chunk {} cannot be read", reply.chunk.value);
  return failure;
}

Discrepancy Discrepancies::missing(ChunkIndex chunk) const {
  const Rank holder = manifest_.holder_of(chunk);
  const auto& worker = manifest_.workers[static_cast<std::size_t>(holder.value) - 1];
  return {
      .kind = Discrepancy::Kind::missing,
      .chunk = chunk,
      .path = path_of(chunk),
      .detail = fmt::format(
          "no rank sees it; rank {} of the scatter wrote it on host {}, with digest {}",
          holder.value, escaped(worker.host), wire::to_hex(manifest_.chunk_digests[chunk.value]))};
}

std::optional<Failure> Discrepancies::unseen_place_of(ChunkIndex chunk) const {
  const auto& extras = surveys_.extras();
  const auto unread = std::ranges::find_if(extras, [&](const auto& it) {
    return it.second.directory == directory_of(chunk) && !it.second.call.empty();
  });
  if (unread == extras.end()) return std::nullopt;
  const auto& [from, where] = *unread;
  Failure failure = disk::no_manifest(
      disk::stored_failure(destinations_.path(where.directory), where.call, where.system_errno));
  failure.rank = from;
  failure.host = session_.host(from);
  return failure;
}

void Discrepancies::list_extras(const Sink& sink) const {
  std::set<std::pair<std::string, std::string>> hosts;
  for (std::uint32_t i = 0; i <= session_.workers(); ++i) {
    const Rank rank{static_cast<int>(i)};
    const std::string& machine =
        rank == kMaster ? session_.environment().machine : session_.peers().machine(rank);
    if (!hosts.emplace(machine, session_.host(rank)).second) continue;
    list_named(rank, sink);
    list_misplaced(rank, sink);
  }
}

void Discrepancies::list_named(Rank from, const Sink& sink) const {
  for (const auto& [rank, extras] : surveys_.extras()) {
    if (rank != from) continue;
    for (const std::string& name : extras.names) {
      if (!is_rerouted_chunk(extras.directory, name)) sink(extra(from, extras.directory, name));
    }
  }
}

bool Discrepancies::is_rerouted_chunk(std::uint32_t directory, std::string_view name) const {
  const disk::FileName file = disk::read_file_name(name);
  if (!layout_.has_own_file(true) || file.kind != disk::FileKind::chunk) {
    return false;
  }
  const auto number = file.number;
  return number && manifest_.is_moved(ChunkIndex{*number}) &&
         directory_of(ChunkIndex{*number}) == directory;
}

Discrepancy Discrepancies::extra(Rank from, std::uint32_t directory, std::string_view name) const {
  return {.kind = Discrepancy::Kind::extra,
          .rank = from,
          .host = session_.host(from),
          .path = path_in(destinations_.path(directory), name)};
}

// Chunks that lie in the directory of a worker that is not theirs.
void Discrepancies::list_misplaced(Rank from, const Sink& sink) const {
  if (!layout_.makes_chunk_files() || destinations_.directories() == 1) return;
  for (const auto& [directory, set] : surveys_.locations().seen_by(from)) {
    for (const wire::ChunkRun& run : set.runs()) {
      for (std::uint32_t k = 0; k < run.count; ++k) {
        const ChunkIndex chunk{run.first + std::uint64_t{run.stride} * k};
        if (directory_of(chunk) != directory) {
          sink(extra(from, directory, disk::ChunkName{chunk}.view()));
        }
      }
    }
  }
}

}  // namespace mpiferry::operations
