// The manifest: what a finished job left behind. docs/reference/manifest.md has the schema.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/wire/digest.hpp"
#include "engine/wire/file_attributes.hpp"
#include "engine/wire/layout.hpp"

namespace mpiferry::wire {

// Of every version's schema the beginning.
inline constexpr std::string_view kManifestFamily = "mpiferry.manifest/";
inline constexpr std::string_view kManifestSchema = "mpiferry.manifest/2";

struct Manifest {
  struct Worker {
    Rank rank;
    std::string host;
    std::string directory;
    bool operator==(const Worker&) const = default;
  };

  // A chunk that lies with another worker than its own, in a file chunk_<i>.bin (the layout `file`
  // has it in its place all the same).
  struct Moved {
    ChunkIndex chunk;
    Rank rank;
    bool operator==(const Moved&) const = default;
  };

  std::string source;  // the name as the user gave it; any bytes
  Bytes size;
  Bytes chunk_size;
  Layout layout = {};
  std::optional<FileAttributes> attributes = {};  // of a source that was a file
  std::optional<Bytes> data = {};                 // of which, if the source had holes
  Digest128 digest;                               // XXH128 of the whole source
  std::vector<Worker> workers;                    // worker r at position r - 1
  std::vector<Moved> moved;                       // ascending by chunk
  std::vector<std::uint64_t> chunk_digests;       // XXH3-64, chunk i at position i

  // The worker that a chunk lies with, round_robin.hpp's unless it was moved.
  // Precondition: workers is not empty.
  Rank holder_of(ChunkIndex chunk) const noexcept;
  bool is_moved(ChunkIndex chunk) const noexcept;

  bool operator==(const Manifest&) const = default;
};

// Hands the text of the manifest to `sink` in pieces of some 64 KiB, so that a manifest of millions
// of chunks needs no memory of its own size. Stops at, and returns, the sink's first failure.
Outcome write_manifest(const Manifest& manifest,
                       const std::function<Outcome(std::string_view)>& sink);

// Refuses, with bad_field and a detail that names the field: text that is not such a manifest,
// another schema, a chunk size of 0 or above 1 GiB, a count of chunks that is not
// ceil(size / chunk_size) or is above 2^28, no workers, ranks that are not 1, 2, ..., host names
// with a slash, moved chunks that are not in order or not there, digests that are not hexadecimal.
// A manifest is input: what it says of directories is for people, nobody opens them for it.
Result<Manifest> read_manifest(std::string_view text);

}  // namespace mpiferry::wire
