// How chunks lie in the files of a destination: what a layout means has its home here. Other code
// asks a Layout what it has to know, and never which layout it is.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/units.hpp"
#include "engine/plan/chunk_plan.hpp"
#include "engine/plan/distribution.hpp"
#include "engine/wire/layout.hpp"

namespace mpiferry::plan {

using wire::FileOf;

// A row of the table in layout.cpp.
struct LayoutRules {
  wire::Layout layout;
  FileOf own;                                 // the file of a chunk that its own worker writes
  FileOf moved;                               // of one that another worker writes (--reroute)
  bool (*writes)(ChunkIndex chunk) noexcept;  // a chunk that is not written is acknowledged
};

// A value as small as a pointer. `moved` says that another worker than the chunk's own writes it.
class Layout {
 public:
  explicit Layout(wire::Layout layout) noexcept;
  // The first whose chunks lie in such files.
  static Layout with(FileOf kind) noexcept;
  // In the order of wire::Layout.
  static std::span<const LayoutRules> table() noexcept;

  std::string_view name() const noexcept { return wire::layout_name(rules_->layout); }

  // Files
  FileOf file_of(bool moved) const noexcept { return moved ? rules_->moved : rules_->own; }
  bool has_own_file(bool moved) const noexcept { return file_of(moved) == FileOf::chunk; }
  // Whether a job may leave such a file: what it does not is another layout's.
  bool may_leave(FileOf kind) const noexcept {
    return rules_->own == kind || rules_->moved == kind;
  }
  // A file for each chunk. It is opened for that chunk alone, replaced as a whole by one that is
  // written beside it, and durable with its name.
  bool makes_chunk_files() const noexcept { return rules_->own == FileOf::chunk; }
  // A file for each worker: its worker makes it with the first chunk, digests it and names it.
  bool makes_worker_files() const noexcept { return rules_->own == FileOf::worker; }
  // One file: all workers need the master's directory. The master makes the file before the first
  // chunk, reserves its space, clears what is in its way, and names it.
  bool makes_one_file() const noexcept { return rules_->own == FileOf::all; }
  // Chunks of zeros may become holes.
  bool keeps_holes() const noexcept { return !makes_chunk_files(); }

  // Chunks
  bool writes(ChunkIndex chunk) const noexcept { return rules_->writes(chunk); }
  // Where a chunk begins in its file.
  Bytes place(ChunkIndex chunk, bool moved, const Distribution& distribution,
              Bytes chunk_size) const noexcept {
    switch (file_of(moved)) {
      case FileOf::chunk:
        return {0};
      case FileOf::worker:
        return offset({distribution.position_of(chunk)}, chunk_size);
      case FileOf::all:
        return offset(chunk, chunk_size);
    }
    return {0};
  }
  // Whether it is the last in its file, of so many chunks in all.
  bool ends_file(ChunkIndex chunk, bool moved, const Distribution& distribution,
                 std::uint64_t chunks) const noexcept;

  // A worker's files: how many it makes or shares, and the size of the largest.
  std::uint64_t files_of(Rank worker, const Distribution& distribution,
                         const ChunkPlan& plan) const noexcept;
  Bytes largest_file(Rank worker, const Distribution& distribution,
                     const ChunkPlan& plan) const noexcept;

 private:
  explicit Layout(const LayoutRules& rules) noexcept : rules_(&rules) {}

  const LayoutRules* rules_;
};

}  // namespace mpiferry::plan
