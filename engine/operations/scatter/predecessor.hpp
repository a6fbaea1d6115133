// What an earlier job left at a destination, and whether this one may go on with it (--resume).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "engine/base/result.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/file_name.hpp"
#include "engine/job/environment.hpp"
#include "engine/job/task.hpp"
#include "engine/plan/layout.hpp"

namespace mpiferry::operations {

// dest_occupied if files of another layout lie there: they are neither gone on with nor left beside
// those of this one; or a manifest that is none of mpiferry's, which would be replaced.
// invalid_argument if the file `source_id` (file_id.hpp; "": none) has one of mpiferry's names
// there: the job would write into its own source. dest_unusable, also if a directory has such a
// name.
// There may be very many files: everyone else has a turn every few milliseconds. Ends early,
// without an error, as soon as `stop` says so.
job::Task<Outcome> check_predecessor(const job::Environment& environment,
                                     const disk::Directory& directory, plan::Layout layout,
                                     std::string source_id, std::function<bool()> stop);

// Unfinished files that carry a dead job's id: nobody goes on with those (disk::ToRemove).
inline bool is_dead_partial_file(disk::FileKind kind,
                                 std::optional<std::uint64_t> /*number*/) noexcept {
  return kind == disk::FileKind::partial;
}

}  // namespace mpiferry::operations
