#include "engine/plan/layout.hpp"

#include <algorithm>
#include <array>

namespace mpiferry::plan {
namespace {

bool all(ChunkIndex /*chunk*/) noexcept { return true; }

constexpr LayoutRules row(wire::Layout layout, FileOf moved,
                          bool (*writes)(ChunkIndex) noexcept) noexcept {
  return {layout, wire::files_of(layout), moved, writes};
}

constexpr auto kTable = std::to_array<LayoutRules>({
    row(wire::Layout::chunks, FileOf::chunk, all),
    // A chunk that its own worker could not write has a file of its own beside the stripe.
    row(wire::Layout::stripes, FileOf::chunk, all),
    row(wire::Layout::file, FileOf::all, all),
});

}  // namespace

Layout::Layout(wire::Layout layout) noexcept
    : rules_(&*std::ranges::find(kTable, layout, &LayoutRules::layout)) {}

Layout Layout::with(FileOf kind) noexcept {
  return Layout{*std::ranges::find(kTable, kind, &LayoutRules::own)};
}

std::span<const LayoutRules> Layout::table() noexcept { return kTable; }

bool Layout::ends_file(ChunkIndex chunk, bool moved, const Distribution& distribution,
                       std::uint64_t chunks) const noexcept {
  switch (file_of(moved)) {
    case FileOf::chunk:
      return true;
    case FileOf::worker:
      return chunks - chunk.value <= distribution.workers();
    case FileOf::all:
      return chunks - chunk.value == 1;
  }
  return true;
}

std::uint64_t Layout::files_of(Rank worker, const Distribution& distribution,
                               const ChunkPlan& plan) const noexcept {
  return makes_chunk_files() ? distribution.chunks_of(worker, plan) : 1;
}

Bytes Layout::largest_file(Rank worker, const Distribution& distribution,
                           const ChunkPlan& plan) const noexcept {
  switch (rules_->own) {
    case FileOf::chunk:
      return std::min(plan.file_size(), plan.chunk_size());
    case FileOf::worker:
      return distribution.bytes_of(worker, plan);
    case FileOf::all:
      return plan.file_size();
  }
  return plan.file_size();
}

}  // namespace mpiferry::plan
