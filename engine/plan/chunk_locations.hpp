// Who can be asked for a chunk: what each rank has said that it sees in which directory.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/base/units.hpp"
#include "engine/plan/chunk_set.hpp"
#include "engine/wire/retrieval.hpp"

namespace mpiferry::plan {

// Not thread-safe.
class ChunkLocations {
 public:
  // Ranks 0 .. ranks-1. With `spare_master` rank 0, which has other things to do, is asked only for
  // what nobody else has.
  ChunkLocations(std::uint32_t ranks, bool spare_master)
      : seen_(ranks), first_sharing_(spare_master && ranks > 1 ? 1 : 0) {}

  // One message of a rank. Those about one directory come together, in order. False if it cannot
  // be: a directory out of turn, chunks that are not there (ChunkSet::add).
  bool add(Rank rank, const wire::SeenChunks& seen, std::uint64_t chunks);

  // The n-th of the ranks that see `chunk` in `directory`, from the one whose turn it is in a round
  // robin, so that all who see everything have the same share. Nothing: there is no n-th.
  std::optional<Rank> holder(ChunkIndex chunk, std::uint32_t directory, std::uint32_t n) const;

  // The chunks that a rank sees in each directory, ascending by directory.
  using Seen = std::vector<std::pair<std::uint32_t, ChunkSet>>;
  const Seen& seen_by(Rank rank) const { return seen_[static_cast<std::size_t>(rank.value)]; }

 private:
  bool sees(std::uint32_t rank, ChunkIndex chunk, std::uint32_t directory) const noexcept;

  std::vector<Seen> seen_;
  std::size_t first_sharing_;  // ranks that come last
  // Who sees something in a directory, ascending. Where every rank has a directory of its own, that
  // saves a search through all ranks for every chunk.
  std::map<std::uint32_t, std::vector<std::uint32_t>> visitors_;
};

}  // namespace mpiferry::plan
