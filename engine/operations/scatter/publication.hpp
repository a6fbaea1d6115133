// What comes last: the sums that stock tools check, and the manifest.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/disk/directory.hpp"
#include "engine/job/peer_table.hpp"
#include "engine/plan/layout.hpp"
#include "engine/wire/manifest.hpp"

namespace mpiferry::operations {

using LineSink = std::function<void(std::string_view)>;
// Calls its argument with each line (wire::sums_line).
using Listing = std::function<void(const LineSink&)>;

struct TextOptions {
  std::uint32_t mode = wire::kAnyMode;  // of the source: who may not read that, reads no digests
  bool durable = false;  // fsync before the rename, and a sync of the directory after
};

// Writes the lines under `name`, in one rename at the end. dest_write_failed with path, call and
// errno.
Outcome publish_sums(const disk::Directory& directory, std::string_view name, std::uint64_t job_id,
                     const Listing& listing, TextOptions options);
Outcome publish_manifest(const disk::Directory& directory, const wire::Manifest& manifest,
                         std::uint64_t job_id, TextOptions options);

// A line for each file in the master's directory.
void list_sums(const wire::Manifest& manifest, const job::PeerTable& peers, const LineSink& put);

// The file that a worker could not write a chunk into.
std::string written_name(plan::FileOf kind, ChunkIndex chunk, Rank worker);

// The failure behind a write error on `name` in `directory`.
Failure write_failure(const std::string& directory, std::string_view name, wire::WriteCall call,
                      int system_errno);

}  // namespace mpiferry::operations
