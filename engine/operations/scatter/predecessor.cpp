#include "engine/operations/scatter/predecessor.hpp"

#include <fmt/format.h>

#include "engine/disk/file_name.hpp"
#include "engine/disk/replaceable.hpp"
#include "engine/disk/stale_file_scan.hpp"

namespace mpiferry::operations {
Outcome check_predecessor(const disk::Directory& directory, plan::Layout layout,
                          const std::string& source_id) {
  disk::StaleFileScan scan{directory, ""};
  for (;;) {
    const auto entry = scan.next();
    if (!entry) return entry.error();
    if (!*entry) return Nothing{};
    const disk::FileKind kind = (*entry)->kind;
    if (kind == disk::FileKind::foreign || kind == disk::FileKind::job_lock) continue;
    if (Outcome ours = disk::check_replaceable(directory, **entry, source_id); !ours) return ours;
    const auto found = disk::file_of(kind);
    if (!found || layout.may_leave(*found)) continue;
    const plan::Layout other = plan::Layout::with(*found);
    return Failure{
        .code = Errc::dest_occupied,
        .path = directory.path_of((*entry)->name),
        .detail = fmt::format("a file of the layout {}, and this job has {}", other.name(),
                              layout.name()),
        .hint = fmt::format("resume with --layout {} if that is what lies here, or remove "
                            "this file, or replace all with --force",
                            other.name())};
  }
}

}  // namespace mpiferry::operations
