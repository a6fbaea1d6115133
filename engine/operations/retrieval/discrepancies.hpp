// What is wrong with something that was scattered, in words.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/failure.hpp"
#include "engine/job/master_session.hpp"
#include "engine/operations/retrieval/destination_map.hpp"
#include "engine/operations/retrieval/discrepancy.hpp"
#include "engine/operations/retrieval/peer_surveys.hpp"
#include "engine/plan/layout.hpp"
#include "engine/wire/manifest.hpp"
#include "engine/wire/retrieval.hpp"

namespace mpiferry::operations {

// Not thread-safe. All outlive it.
class Discrepancies {
 public:
  Discrepancies(const job::MasterSession& session, const wire::Manifest& manifest,
                const DestinationMap& destinations, const PeerSurveys& surveys)
      : session_(session),
        manifest_(manifest),
        layout_(manifest.layout),
        destinations_(destinations),
        surveys_(surveys) {}

  // The directory that a chunk was written to, as the destinations number them.
  std::uint32_t directory_of(ChunkIndex chunk) const;

  // Of a chunk that `from` could not read as it was scattered.
  Discrepancy unreadable(Rank from, const wire::ReadReply& reply) const;
  // Of a chunk that no rank sees.
  Discrepancy missing(ChunkIndex chunk) const;
  // The chunk may well be whole: `from` has too many files open.
  Failure unopened(Rank from, const wire::ReadReply& reply) const;
  // Why nobody could see the chunk: the first of those who could not look where it ought to be.
  std::optional<Failure> unseen_place_of(ChunkIndex chunk) const;

  // Files that have no place where they are. What several ranks of a host see, the lowest of them
  // tells. Containers of one machine may see different files, and so may machines of one name.
  using Sink = std::function<void(Discrepancy)>;
  void list_extras(const Sink& sink) const;

 private:
  void list_named(Rank from, const Sink& sink) const;
  void list_misplaced(Rank from, const Sink& sink) const;
  bool is_rerouted_chunk(std::uint32_t directory, std::string_view name) const;
  Discrepancy extra(Rank from, std::uint32_t directory, std::string_view name) const;
  std::string path_of(ChunkIndex chunk) const;

  const job::MasterSession& session_;
  const wire::Manifest& manifest_;
  const plan::Layout layout_;
  const DestinationMap& destinations_;
  const PeerSurveys& surveys_;
};

}  // namespace mpiferry::operations
