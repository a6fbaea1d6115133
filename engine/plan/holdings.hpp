// Who can be asked for a chunk: what each rank has said that it sees in which directory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/units.hpp"
#include "engine/plan/chunk_set.hpp"
#include "engine/wire/recall.hpp"

namespace mpiferry::plan {

// Not thread-safe.
class Holdings {
 public:
  // Ranks 0 .. ranks-1. With `spare_master` rank 0, which has other things to do, is asked only for
  // what nobody else has.
  Holdings(std::uint32_t ranks, bool spare_master)
      : seen_(ranks), spared_(spare_master && ranks > 1 ? 1 : 0) {}

  // One message of a rank. Those about one directory come together, in order. False if it can not
  // be: a directory out of turn, chunks that are not there (ChunkSet::add).
  bool add(Rank rank, const wire::Holding& holding, std::uint64_t chunks);

  // Some rank that sees `chunk` in `directory`: the n-th of them, from the one whose turn it is in
  // a round robin, so that all who see everything have the same share. Nothing: there is no n-th.
  // Each of them comes once, in an order that is the same whenever it is asked for.
  std::optional<Rank> holder(ChunkIndex chunk, std::uint32_t directory, std::uint32_t n) const;

  // The chunks that a rank sees in each directory, ascending by directory.
  using Seen = std::vector<std::pair<std::uint32_t, ChunkSet>>;
  const Seen& seen_by(Rank rank) const { return seen_[static_cast<std::size_t>(rank.value)]; }

 private:
  bool sees(std::size_t rank, ChunkIndex chunk, std::uint32_t directory) const noexcept;

  std::size_t rank_at(ChunkIndex chunk, std::size_t step) const noexcept;

  std::vector<Seen> seen_;
  std::size_t spared_;  // ranks that come last
  // By directory: the rank that was the first to see chunks in it, unless it is spared. Where every
  // rank has a directory of its own, that saves a search through all of them for every chunk.
  std::unordered_map<std::uint32_t, std::size_t> homes_;
};

}  // namespace mpiferry::plan
