// Small reads of a file, many of them from one system call.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/disk/source.hpp"

namespace mpiferry::disk {

// What it has read ahead is the file as it was then; whether the file has changed since, only
// Source::check_unchanged tells, as for every other read. Not thread-safe.
class ReadAhead {
 public:
  // Reads of so many bytes, one after the other, are better made ahead.
  static bool pays_for(Bytes each) noexcept;

  // As Source::read. What fits is copied from memory; larger reads, and those of streams, go
  // straight to the source.
  Result<ReadResult> read(Source& source, Bytes offset, std::span<std::byte> out);

 private:
  std::vector<std::byte> buffer_;  // made when it is first needed
  Bytes begin_;                    // of the file
  std::size_t bytes_ = 0;          // in the buffer
};

}  // namespace mpiferry::disk
