#include "engine/operations/scatter/capacity_check.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

#include <fmt/format.h>

#include "engine/disk/file_name.hpp"
#include "engine/disk/free_space.hpp"
#include "engine/job/preflight.hpp"
#include "engine/plan/chunk_plan.hpp"
#include "engine/plan/distribution.hpp"

namespace mpiferry::operations {
namespace {

using job::kMakeRoom;
using job::least_of;

// Files take whole blocks; this is the size of most.
constexpr std::uint64_t kBlock = 4096;

// All that this worker writes. Small chunks take a block each.
Share share_of(const wire::Job& job, Rank self) {
  const plan::ChunkPlan plan{*job.source.size, job.chunk_size};
  const auto distribution = plan::Distribution::round_robin(job.workers);
  const plan::Layout layout{job.layout};
  const Bytes bytes = distribution.bytes_of(self, plan);
  const std::uint64_t files = layout.files_of(self, distribution, plan);
  if (!layout.makes_chunk_files()) return {job.source.data.value_or(bytes), files};
  return {job.chunk_size.value < kBlock ? Bytes{files * kBlock} : bytes, files};
}

}  // namespace

Outcome check_largest_file(storage::Storage& storage, const wire::Job& job, Rank self,
                           const std::string& path) {
  if (!job.source.size) return Nothing{};
  const plan::ChunkPlan plan{*job.source.size, job.chunk_size};
  const Bytes largest = plan::Layout{job.layout}.largest_file(
      self, plan::Distribution::round_robin(job.workers), plan);
  return job::check_file_size(storage, largest, path);
}

Share kept_chunk(const wire::Job& job, ChunkIndex chunk, const disk::Directory& directory) {
  const plan::ChunkPlan plan{*job.source.size, job.chunk_size};
  const auto there = disk::space_of(directory, std::string{disk::ChunkName{chunk}.view()});
  if (!there) return {};
  const Bytes length = plan.length_of(chunk);
  const Bytes needed = std::max(length, job.chunk_size.value < kBlock ? Bytes{kBlock} : 0_B);
  // One of the right length may well stay as it is, however little its file system makes of it.
  const bool whole = there->size == length;
  return {whole ? needed : std::min(needed, there->allocated), 1};
}

// Where holes are filled they need room.
Share kept_stripe(const wire::Job& job, Rank self, const disk::Directory& directory) {
  const std::string name = disk::stripe_name(self);
  for (const std::string& it : {disk::partial_name(name), name}) {
    const auto there = disk::space_of(directory, it);
    if (!there) continue;
    return {job.source.data ? there->allocated : disk::filled_space_of(directory, it).value_or(0_B),
            1};
  }
  return {};
}

wire::Ready::Capacity capacity_for(const wire::Job& job, Rank self,
                                   const disk::Directory& directory, const Share& kept) {
  // The master has reserved the space of one file by now; --reroute copes with a full disk.
  if (!job.source.size || job.reroute || plan::Layout{job.layout}.makes_one_file()) return {};
  const auto capacity = disk::free_space_at(directory);
  if (!capacity) return {};  // it is not for this that a job should fail
  const Share share = share_of(job, self);
  wire::Ready::Capacity out;
  out.needed = share.bytes - std::min(share.bytes, kept.bytes);
  out.files = share.files - std::min(share.files, kept.files);
  out.available = least_of(capacity->available, capacity->quota_left);
  out.inodes = capacity->inodes;
  out.file_system = std::to_string(capacity->file_system);
  return out;
}

void CapacityCheck::add(Rank worker, const wire::Ready& ready) {
  if (ready.capacity.file_system.empty()) return;
  // What shares the master's directory is one file system, whatever each machine calls it.
  const std::string id =
      ready.shares_master_directory ? "" : ready.machine + " " + ready.capacity.file_system;
  const auto found = std::ranges::find(shared_, id, &Shared::file_system);
  if (found == shared_.end()) {
    shared_.push_back(
        {{worker}, ready.host, ready.directory, id, ready.capacity, {ready.directory_id}});
    return;
  }
  found->workers.push_back(worker);
  wire::Ready::Capacity& capacity = found->capacity;
  // Of workers that share a directory each has counted all that lies there.
  if (found->directories.insert(ready.directory_id).second) {
    capacity.freed += ready.capacity.freed;
    capacity.freed_files += ready.capacity.freed_files;
  }
  capacity.needed += ready.capacity.needed;
  capacity.files += ready.capacity.files;
  capacity.available = least_of(capacity.available, ready.capacity.available);
  capacity.inodes = least_of(capacity.inodes, ready.capacity.inodes);
}

void CapacityCheck::add_freed_by_master(Bytes freed, std::uint64_t files) {
  const auto found = std::ranges::find(shared_, "", &Shared::file_system);
  if (found == shared_.end()) return;
  found->capacity.freed += freed;
  found->capacity.freed_files += files;
}

Outcome CapacityCheck::check(plan::Layout layout) const {
  for (const Shared& it : shared_) {
    Failure failure{.code = Errc::dest_unusable,
                    .rank = it.workers.front(),
                    .host = it.host,
                    .path = it.path,
                    .system_errno = ENOSPC,
                    .hint = kMakeRoom};
    const Bytes more = it.capacity.needed - std::min(it.capacity.needed, it.capacity.freed);
    if (it.capacity.available && *it.capacity.available < more) {
      failure.detail =
          job::missing_space(it.capacity.needed, *it.capacity.available + it.capacity.freed);
      return failure;
    }
    const auto more_files =
        it.capacity.files - std::min(it.capacity.files, it.capacity.freed_files);
    if (it.capacity.inodes && *it.capacity.inodes < more_files) {
      failure.detail =
          fmt::format("{} files are to be made there, and {} inodes are free", it.capacity.files,
                      *it.capacity.inodes + it.capacity.freed_files);
      failure.hint =
          layout.makes_chunk_files()
              ? fmt::format("choose larger chunks or `layout` {}, or name a destination elsewhere",
                            plan::Layout::with(plan::FileOf::worker).name())
              : "remove some files there, or name a destination elsewhere";
      return failure;
    }
  }
  return Nothing{};
}

Outcome CapacityCheck::check_beside(Rank worker, Bytes chunk) const {
  const auto found = std::ranges::find_if(shared_, [worker](const Shared& it) {
    return std::ranges::find(it.workers, worker) != it.workers.end();
  });
  if (found == shared_.end() || !found->capacity.available) return Nothing{};
  const Bytes left =
      *found->capacity.available - std::min(*found->capacity.available, found->capacity.needed);
  if (left >= chunk) return Nothing{};
  return Failure{
      .code = Errc::dest_unusable,
      .rank = worker,
      .host = found->host,
      .path = found->path,
      .system_errno = ENOSPC,
      .detail = fmt::format("a chunk is written beside the one that it replaces: {} bytes "
                            "more are needed there, and {} are free, quotas included",
                            chunk.value, left.value),
      .hint = kMakeRoom};
}

}  // namespace mpiferry::operations
