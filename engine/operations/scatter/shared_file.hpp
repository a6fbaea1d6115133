// The one file of the layout `file`: the master makes, reserves and publishes it, all workers write
// into it.
#pragma once

#include <optional>

#include "engine/base/result.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/offset_partial_file.hpp"
#include "engine/operations/scatter/source_facts.hpp"

namespace mpiferry::operations {

// Not thread-safe. Directory and facts outlive it.
class SharedFile {
 public:
  // `resume`: what an earlier job has left is opened, else it is made anew. dest_unusable.
  static Result<SharedFile> open(const disk::Directory& directory, const SourceFacts& source,
                                 bool resume);

  // Sets aside the space that it will need.
  Outcome reserve();
  // Before anything in it changes: it is no finished file any more.
  Outcome unpublish();
  Outcome publish(Bytes size, bool durable);
  // Removes it if an earlier job has no part in it: an empty promise of the whole size helps
  // nobody.
  void discard_if_new() noexcept;

 private:
  SharedFile(const disk::Directory& directory, const SourceFacts& source,
             disk::OffsetPartialFile file, bool is_new)
      : directory_(&directory), source_(&source), file_(std::move(file)), new_(is_new) {}

  const disk::Directory* directory_;
  const SourceFacts* source_;
  disk::OffsetPartialFile file_;
  bool new_;
};

}  // namespace mpiferry::operations
