// Where one chunk is written: a file of its own, or a place in a larger one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "engine/base/units.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/offset_partial_file.hpp"
#include "engine/disk/partial_file.hpp"

namespace mpiferry::disk {

// Move-only; one thread at a time; must not outlive the Directory or the OffsetPartialFile. What is
// written into a place of a larger file is there at once, under the name that the file has
// meanwhile; what is written into a file of its own has a name from `publish` on.
class ChunkSlot {
 public:
  // What becomes of pages of zeros in a larger file.
  enum class Zeros : std::uint8_t {
    write,
    skip,   // nothing lies there yet
    punch,  // something else may lie there
  };

  // A file of its own. `error` says whether it could be opened.
  explicit ChunkSlot(OpenedPartialFile opened) noexcept
      : error_(opened.error), own_(std::move(opened.file)) {}
  // Nowhere: it could not be opened.
  explicit ChunkSlot(WriteError error) noexcept : error_(error) {}
  // From `offset` of `file` on.
  ChunkSlot(const OffsetPartialFile& file, Bytes offset, Zeros zeros = Zeros::write) noexcept
      : file_(&file), offset_(offset), zeros_(zeros) {}

  WriteError error() const noexcept { return error_; }
  // The first error is kept: after it these do nothing.
  void append(std::span<const std::byte> bytes) noexcept;
  void start_sync() const noexcept;
  void sync() noexcept;
  void publish() noexcept;
  // Somebody else's call, for this chunk too, failed.
  void fail(WriteError error) noexcept {
    if (!error_) error_ = error;
  }

  // Nothing if the chunk has a file of its own. One `sync` is enough for all in one file.
  const OffsetPartialFile* shared_file() const noexcept { return file_; }

 private:
  WriteError error_;
  std::optional<PartialFile> own_;
  const OffsetPartialFile* file_ = nullptr;
  Bytes offset_;
  Bytes appended_;
  Zeros zeros_ = Zeros::write;
};

}  // namespace mpiferry::disk
