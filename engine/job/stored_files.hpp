// What the files of a layout are called on disk.
#pragma once

#include <optional>
#include <string>

#include "engine/base/units.hpp"
#include "engine/disk/stale_file.hpp"
#include "engine/plan/layout.hpp"

namespace mpiferry::job {

// "chunk_7.bin", "stripe_3.bin" or "file.bin": the file of this kind that chunk and worker have.
std::string file_name(plan::FileOf kind, ChunkIndex chunk, Rank worker);

// Whose file lies there, be it finished or one that a job may go on with. Nothing: it holds no
// chunks, or nobody goes on with it.
std::optional<plan::FileOf> file_of(disk::StaleFileKind kind) noexcept;

}  // namespace mpiferry::job
