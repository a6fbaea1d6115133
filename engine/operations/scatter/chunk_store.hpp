// A worker's files: where each of its chunks is written, and how they get their names.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/disk/chunk_slot.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/offset_partial_file.hpp"
#include "engine/operations/scatter/chunk_inspection.hpp"
#include "engine/operations/scatter/sequential_digest.hpp"
#include "engine/plan/distribution.hpp"
#include "engine/plan/layout.hpp"
#include "engine/wire/job.hpp"

namespace mpiferry::operations {

// Not thread-safe, but for what its slots write.
class ChunkStore {
 public:
  ChunkStore(std::shared_ptr<const disk::Directory> directory, wire::Job job, Rank self,
             std::uint64_t job_id);
  // A stripe into which nothing was written is removed; else what is unfinished stays, for a job
  // that goes on with it.
  ~ChunkStore();
  ChunkStore(const ChunkStore&) = delete;
  ChunkStore& operator=(const ChunkStore&) = delete;

  // Finds the file that all workers share, if the layout has one. A stripe is made when its first
  // chunk comes, so that no worker of this job takes it for another job's.
  Outcome open();

  // resume: what lies in the chunk's place now, for inspection. False if it is not there, or has
  // another length.
  bool begin_inspection(ChunkIndex chunk, std::optional<Bytes> length);
  ChunkInspection& inspection() noexcept { return inspection_; }

  // Where this chunk is to be written. What the system refuses is an error of the slot: that chunk
  // may go elsewhere. What else is in the way (another job) is the failure of this worker. No
  // allocation but for the first chunk of a stripe. Precondition: open() succeeded.
  Result<disk::ChunkSlot> slot(ChunkIndex chunk);
  // Whether the layout has the chunk written; else it is only checked and acknowledged.
  bool writes(ChunkIndex chunk) const noexcept { return layout_.writes(chunk); }
  // Whether the chunk has a file of its own, or a place in that of this worker or of all.
  bool has_own_file(ChunkIndex chunk) const noexcept;
  const std::string& file_name() const noexcept { return file_name_; }
  const disk::Directory& directory() const noexcept { return *directory_; }
  // The chunk's bytes are written; `payload` still holds them.
  void on_written(ChunkIndex chunk, std::span<const std::byte> payload);

  // The chunk lies there already, and is right.
  void on_kept(ChunkIndex chunk, Bytes length);
  // With --preserve: gives one that has a file of its own what it would have got had it been
  // written.
  Outcome stamp(ChunkIndex chunk) const;

  // stripes, after the last chunk: reads a slice of what was not written in order, for the digest
  // of the whole. False when nothing is left to read.
  Result<bool> catch_up(std::span<std::byte> buffer);
  // When that is done: gives the stripe its name; of the file that all workers share it closes this
  // worker's end, so that what the file system has put off fails before the master names the file.
  // dest_write_failed.
  Outcome publish();
  // XXH3-64 of the stripe; after publish().
  std::optional<std::uint64_t> stripe_digest() const noexcept { return stripe_digest_; }

 private:
  bool is_moved(ChunkIndex chunk) const noexcept;
  Bytes place(ChunkIndex chunk) const noexcept;
  Outcome open(std::string_view name, disk::OpenMode mode);
  Outcome reserve();
  Outcome close();
  disk::ChunkSlot::Zeros zeros() const noexcept;

  std::shared_ptr<const disk::Directory> directory_;
  const wire::Job job_;  // its own: a coroutine may hold the store after the worker has gone
  Rank self_;
  std::uint64_t job_id_;
  const plan::Layout layout_;
  const plan::Distribution distribution_;
  const std::string file_name_;  // of the file that several chunks share, once it is whole
  std::uint32_t mode_;
  disk::FileStamp stamp_;                        // --preserve
  std::optional<disk::OffsetPartialFile> file_;  // that several chunks share
  Bytes end_;                                    // of what was written into it
  SequentialDigest digest_;                      // of the stripe
  std::optional<std::uint64_t> stripe_digest_;
  bool failed_ = false;  // the stripe cannot be opened
  ChunkInspection inspection_;
};

}  // namespace mpiferry::operations
