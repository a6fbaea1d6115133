#include "engine/plan/holdings.hpp"

#include <algorithm>

namespace mpiferry::plan {

bool Holdings::add(Rank rank, const wire::Holding& holding, std::uint64_t chunks) {
  Seen& seen = seen_[static_cast<std::size_t>(rank.value)];
  if (seen.empty() || seen.back().first < holding.directory) {
    seen.emplace_back(holding.directory, ChunkSet{});
  } else if (seen.back().first != holding.directory) {
    return false;
  }
  if (!seen.back().second.add(holding.runs, chunks)) return false;
  const auto place = static_cast<std::size_t>(rank.value);
  if (!holding.runs.empty() && place >= spared_) homes_.try_emplace(holding.directory, place);
  return true;
}

bool Holdings::sees(std::size_t rank, ChunkIndex chunk, std::uint32_t directory) const noexcept {
  const Seen& seen = seen_[rank];
  const auto found = std::ranges::lower_bound(seen, directory, {}, &Seen::value_type::first);
  return found != seen.end() && found->first == directory && found->second.contains(chunk);
}

// The order in which ranks are asked for this chunk.
std::size_t Holdings::rank_at(ChunkIndex chunk, std::size_t step) const noexcept {
  const std::size_t sharing = seen_.size() - spared_;
  return step < sharing ? spared_ + (chunk.value + step) % sharing : step - sharing;
}

std::optional<Rank> Holdings::holder(ChunkIndex chunk, std::uint32_t directory,
                                     std::uint32_t n) const {
  const auto is_it = [&](std::size_t rank) { return sees(rank, chunk, directory) && n-- == 0; };
  const auto rank_of = [](std::size_t rank) { return Rank{static_cast<int>(rank)}; };
  std::size_t first = rank_at(chunk, 0);
  if (!sees(first, chunk, directory)) {
    const auto home = homes_.find(directory);
    if (home != homes_.end()) first = home->second;
  }
  if (is_it(first)) return rank_of(first);
  for (std::size_t step = 0; step < seen_.size(); ++step) {
    const std::size_t rank = rank_at(chunk, step);
    if (rank != first && is_it(rank)) return rank_of(rank);
  }
  return std::nullopt;
}

}  // namespace mpiferry::plan
