#include "engine/plan/chunk_locations.hpp"

#include <algorithm>

namespace mpiferry::plan {

bool ChunkLocations::add(Rank rank, const wire::SeenChunks& more, std::uint64_t chunks) {
  Seen& seen = seen_[static_cast<std::size_t>(rank.value)];
  if (seen.empty() || seen.back().first < more.directory) {
    seen.emplace_back(more.directory, ChunkSet{});
    auto& visitors = visitors_[more.directory];
    const auto number = static_cast<std::uint32_t>(rank.value);
    visitors.insert(std::ranges::upper_bound(visitors, number), number);
  } else if (seen.back().first != more.directory) {
    return false;
  }
  return seen.back().second.add(more.runs, chunks);
}

bool ChunkLocations::sees(std::uint32_t rank, ChunkIndex chunk,
                          std::uint32_t directory) const noexcept {
  const Seen& seen = seen_[rank];
  const auto found = std::ranges::lower_bound(seen, directory, {}, &Seen::value_type::first);
  return found != seen.end() && found->first == directory && found->second.contains(chunk);
}

std::optional<Rank> ChunkLocations::holder(ChunkIndex chunk, std::uint32_t directory,
                                           std::uint32_t n) const {
  const auto found = visitors_.find(directory);
  if (found == visitors_.end()) return std::nullopt;
  const std::vector<std::uint32_t>& visitors = found->second;
  const std::size_t last =
      visitors.front() < first_sharing_ ? 1 : 0;  // only rank 0 ever comes last
  const std::size_t sharing = visitors.size() - last;
  for (std::size_t step = 0; step < visitors.size(); ++step) {
    const std::uint32_t rank =
        step < sharing ? visitors[last + (chunk.value + step) % sharing] : visitors.front();
    if (sees(rank, chunk, directory) && n-- == 0) return Rank{static_cast<int>(rank)};
  }
  return std::nullopt;
}

}  // namespace mpiferry::plan
