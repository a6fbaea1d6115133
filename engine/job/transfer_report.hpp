// What the master of any operation says of the chunks that it sent or read back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/units.hpp"
#include "engine/wire/digest.hpp"

namespace mpiferry {

struct TransferReport {
  std::string source = {};                // that was scattered
  std::string directory = {};             // the master's destination; holds the manifest
  std::optional<Bytes> source_size = {};  // nothing: a stream that did not come to its end
  Bytes chunk_size = {};
  std::optional<std::uint64_t> chunks = {};    // nothing: as above
  std::optional<wire::Digest128> digest = {};  // XXH128 of the source; after success

  std::uint64_t chunks_written = 0;  // acknowledged; or read, and as they were scattered
  Bytes bytes_written = {};
  std::uint64_t chunks_corrupt = 0;  // damaged on the way, and found
  std::uint64_t chunks_resent = 0;

  std::uint32_t window = 0;          // in force
  std::uint32_t peak_in_flight = 0;  // unacknowledged chunks of one worker
  std::uint64_t buffers = 0;         // the master's limit, in chunks
  std::uint64_t peak_buffers = 0;
};

}  // namespace mpiferry
