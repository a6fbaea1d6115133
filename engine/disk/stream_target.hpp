// What bytes are poured into in their order: standard output, a FIFO, a device.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <string>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/disk/non_blocking.hpp"
#include "engine/disk/partial_file.hpp"
#include "engine/storage/file.hpp"

namespace mpiferry::disk {

// Whether `path` is such a one: "-", or it leads to what is neither a regular file nor a directory,
// or to what some process has open (Storage::descriptor_path), whatever that is.
bool is_stream_target(storage::Storage& storage, const std::string& path);

// Move-only; one thread at a time. Nothing of it is ever replaced or removed.
class StreamTarget {
 public:
  // Opens "-" (standard output), a FIFO, a character device or, with `force`, as its content is
  // lost then, a block device of at least `size` bytes that nobody else uses. What this process has
  // open is written where it stands, what another has open at its end. While it is open, what
  // somebody else uses is non-blocking (NonBlocking). dest_unusable: a socket, a FIFO that nobody
  // reads, a device that is too small, no right to write; dest_occupied: a block device without
  // `force`.
  static Result<StreamTarget> open(storage::Storage& storage, const std::string& path, Bytes size,
                                   bool force);

  // Writes all of `bytes` behind what was written before. Waits for whoever reads; ends with
  // ECANCELED within a tenth of a second after `stop` has become true.
  WriteError write(std::span<const std::byte> bytes, const std::atomic<bool>& stop) noexcept;
  // With `durable`, waits until a device has everything. Whether it could.
  WriteError finish(bool durable) noexcept;

 private:
  StreamTarget(storage::Storage& storage, int number, storage::File owned) noexcept;
  static Result<StreamTarget> open_descriptor(storage::Storage& storage, const std::string& name,
                                              int number);

  storage::Storage* storage_;
  storage::File owned_;  // empty for standard output
  int number_;
  NonBlocking non_blocking_;
};

}  // namespace mpiferry::disk
