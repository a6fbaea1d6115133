// Whether the shares of all workers fit into the file systems that they write to.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/disk/directory.hpp"
#include "engine/plan/layout.hpp"
#include "engine/wire/job.hpp"

namespace mpiferry::operations {

// The largest file that this worker writes in the directory `path`: dest_unusable if the limit of
// this process is lower (ulimit -f). Passes for a stream.
Outcome check_largest_file(storage::Storage& storage, const wire::Job& job, Rank self,
                           const std::string& path);

// What of a worker's share lies in its directory already, so that it needs no more space.
struct Share {
  Bytes bytes;
  std::uint64_t files = 0;
};
// Of one chunk that has a file of its own, and of the stripe.
Share kept_chunk(const wire::Job& job, ChunkIndex chunk, const disk::Directory& directory);
Share kept_stripe(const wire::Job& job, Rank self, const disk::Directory& directory);

// What this worker will write beside what is `kept`, and what fits there; nothing is claimed of a
// job whose size is not known, or that can send chunks elsewhere.
wire::Ready::Capacity capacity_for(const wire::Job& job, Rank self,
                                   const disk::Directory& directory, const Share& kept);

// On the master: the shares of all workers, by the file systems that they share. dest_unusable with
// rank, host, path and what is missing.
class CapacityCheck {
 public:
  void add(Rank worker, const wire::Ready& ready);
  // What will be free of the master's directory, for those who share it.
  void add_freed_by_master(Bytes freed, std::uint64_t files);
  Outcome check(plan::Layout layout) const;
  // Whether this worker can write a chunk of so many bytes beside the one that it replaces.
  Outcome check_beside(Rank worker, Bytes chunk) const;

 private:
  struct Shared {
    std::vector<Rank> workers;
    std::string host;
    std::string path;
    std::string file_system;
    // The sums of what is needed and of what will be free, the least of what is free.
    wire::Ready::Capacity capacity;
    std::set<std::string> directories;  // counted as freed
  };
  std::vector<Shared> shared_;
};

}  // namespace mpiferry::operations
