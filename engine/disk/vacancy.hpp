// Whether a destination is free for a job.
#pragma once

#include <string_view>

#include "engine/base/result.hpp"
#include "engine/disk/directory.hpp"

namespace mpiferry::disk {

// What an earlier or a concurrent job left in `directory` (stale_file.hpp has the names), but for a
// `.mpiferry.job` that holds `own_job_lock`.
// dest_occupied if there is any (as check_replaceable says it of what no job has made), with
// counts of chunks, stripes, whole files and parts and the first such name; its detail says
// whether it looks like a finished job (manifest), an unfinished one or one that is running.
Outcome check_vacant(const Directory& directory, std::string_view own_job_lock);

}  // namespace mpiferry::disk
