#include "engine/operations/scatter/predecessor.hpp"

#include <optional>

#include <fmt/format.h>

#include "engine/disk/replaceable.hpp"
#include "engine/disk/stale_file_scan.hpp"

namespace mpiferry::operations {
namespace {

std::optional<wire::Layout> layout_of(disk::StaleFileKind kind, wire::Layout ours) {
  switch (kind) {
    case disk::StaleFileKind::stripe:
    case disk::StaleFileKind::partial_stripe:
      return wire::Layout::stripes;
    case disk::StaleFileKind::file:
    case disk::StaleFileKind::partial_file:
      return wire::Layout::file;
    case disk::StaleFileKind::chunk:
      // Chunks may lie beside stripes: those that a worker could not write itself.
      if (ours == wire::Layout::file) return wire::Layout::chunks;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace

Outcome check_predecessor(const disk::Directory& directory, wire::Layout layout,
                          const std::string& source_id) {
  disk::StaleFileScan scan{directory, ""};
  for (;;) {
    const auto entry = scan.next();
    if (!entry) return entry.error();
    if (!*entry) return Nothing{};
    const disk::StaleFileKind kind = (*entry)->kind;
    if (kind == disk::StaleFileKind::none || kind == disk::StaleFileKind::job_lock) continue;
    if (Outcome ours = disk::check_replaceable(directory, **entry, source_id); !ours) return ours;
    const auto other = layout_of(kind, layout);
    if (!other || *other == layout) continue;
    return Failure{
        .code = Errc::dest_occupied,
        .path = directory.path_of((*entry)->name),
        .detail = fmt::format("a file of the layout {}, and this job has {}",
                              wire::layout_name(*other), wire::layout_name(layout)),
        .hint = fmt::format("resume with --layout {} if that is what lies here, or remove "
                            "this file, or replace all with --force",
                            wire::layout_name(*other))};
  }
}

}  // namespace mpiferry::operations
