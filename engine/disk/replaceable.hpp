// Whether a file with one of mpiferry's names may be removed or replaced.
#pragma once

#include <string_view>

#include "engine/base/result.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/stale_file_scan.hpp"

namespace mpiferry::disk {

// A name is not enough: jobs make regular files only, and a manifest or a list of sums of another
// program has the same name. dest_unusable if `entry` is no regular file, invalid_argument if it is
// the file `source_id` (file_id.hpp; "": none), dest_occupied if another program has written it.
Outcome check_replaceable(const Directory& directory, const StaleFileScan::Entry& entry,
                          std::string_view source_id);

}  // namespace mpiferry::disk
