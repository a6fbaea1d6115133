#include "engine/roles/predecessor.hpp"

#include <optional>

#include <fmt/format.h>

#include "engine/disk/leftover_scan.hpp"
#include "engine/disk/replaceable.hpp"

namespace mpiferry::roles {
namespace {

std::optional<wire::Layout> layout_of(disk::Leftover kind, wire::Layout ours) {
  switch (kind) {
    case disk::Leftover::stripe:
    case disk::Leftover::stripe_part:
      return wire::Layout::stripes;
    case disk::Leftover::file:
    case disk::Leftover::file_part:
      return wire::Layout::file;
    case disk::Leftover::chunk:
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
  disk::LeftoverScan scan{directory, ""};
  for (;;) {
    const auto entry = scan.next();
    if (!entry) return entry.error();
    if (!*entry) return Nothing{};
    const disk::Leftover kind = (*entry)->kind;
    if (kind == disk::Leftover::none || kind == disk::Leftover::token) continue;
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

}  // namespace mpiferry::roles
