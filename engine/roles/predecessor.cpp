#include "engine/roles/predecessor.hpp"

#include <fcntl.h>
#include <optional>
#include <sys/stat.h>

#include <fmt/format.h>

#include "engine/disk/file_id.hpp"
#include "engine/disk/leftover_scan.hpp"
#include "engine/roles/manifest_file.hpp"

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
    const auto [kind, name, is_directory] = **entry;
    if (kind == disk::Leftover::none) continue;
    if (is_directory) return disk::no_file(directory, name);
    if (kind == disk::Leftover::manifest && is_foreign_manifest(directory)) {
      return Failure{.code = Errc::dest_occupied,
                     .path = directory.path_of(name),
                     .detail = "is no manifest of mpiferry",
                     .hint = "move it away, name another destination, or replace all with --force"};
    }
    struct stat status {};
    if (!source_id.empty() &&
        ::fstatat(directory.descriptor(), name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        disk::file_id(status) == source_id) {
      return Failure{
          .code = Errc::invalid_argument,
          .path = directory.path_of(name),
          .detail = "this job would write into its source, which has a name of its files",
          .hint = "name another destination"};
    }
    const auto other = layout_of(kind, layout);
    if (!other || *other == layout) continue;
    return Failure{
        .code = Errc::dest_occupied,
        .path = directory.path_of(name),
        .detail = fmt::format("a file of the layout {}, and this job has {}",
                              wire::layout_name(*other), wire::layout_name(layout)),
        .hint = fmt::format("resume with --layout {} if that is what lies here, or remove "
                            "this file, or replace all with --force",
                            wire::layout_name(*other))};
  }
}

}  // namespace mpiferry::roles
