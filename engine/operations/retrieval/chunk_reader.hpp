// What one rank can see of a scattered file, and the reading of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/disk/directory.hpp"
#include "engine/disk/file_name.hpp"
#include "engine/disk/stored_file.hpp"
#include "engine/job/environment.hpp"
#include "engine/job/task.hpp"
#include "engine/operations/retrieval/destination_map.hpp"
#include "engine/plan/distribution.hpp"
#include "engine/plan/layout.hpp"
#include "engine/wire/digest.hpp"
#include "engine/wire/retrieval.hpp"

namespace mpiferry::operations {

// Opens nothing outside the directories of its DestinationMap, and there no symbolic links. Not
// thread-safe.
class ChunkReader {
 public:
  ChunkReader(storage::Storage& storage, wire::RetrievalJob job);

  const DestinationMap& destinations() const noexcept { return destinations_; }

  // Looks through all directories, by names alone. A directory that is not there, or not to be
  // read, is no failure: it may be another host's. What is found goes to the sinks, directory by
  // directory.
  struct Sinks {
    std::function<void(wire::SeenChunks)> seen;    // at most kMaxRuns at a time
    std::function<void(wire::ExtraFiles)> extras;  // without names if chunks are wanted
  };
  job::Task<> survey(const job::Environment& environment, Sinks sinks, std::function<bool()> stop);

  // Begins to read a chunk into `buffer`: all of it, if the buffer holds a chunk; else only its
  // digest is wanted, and the buffer is used again and again.
  void begin(const wire::ReadRequest& request, std::span<std::byte> buffer);
  // Reads a slice. Nothing: call again, after the others had a turn.
  std::optional<wire::ReadReply> step();
  // Of the chunk that was begun, as the plan says.
  Bytes length() const noexcept { return length_; }

 private:
  struct Opened {
    std::uint32_t directory = 0;
    std::string name;
    disk::StoredFile file;
  };
  std::uint64_t chunks() const noexcept;
  Bytes length_of(ChunkIndex chunk) const noexcept;
  job::Task<> survey(const job::Environment& environment, std::uint32_t number, const Sinks& sinks,
                     const std::function<bool()>& stop);
  bool note(disk::FileKind kind, std::optional<std::uint64_t> number,
            std::vector<bool>& held) const;
  Result<const disk::StoredFile*> open(std::uint32_t directory, const std::string& name);
  wire::ReadReply reply(wire::ReadReply::Status status) const;

  storage::Storage& storage_;
  const wire::RetrievalJob job_;
  const plan::Layout layout_;
  const DestinationMap destinations_;
  const plan::Distribution distribution_;     // of the scatter
  std::optional<disk::Directory> directory_;  // the last one that was opened
  std::uint32_t directory_number_ = 0;        // the number of directory_
  std::deque<Opened> opened_;                 // the last ones, the latest first

  wire::ReadRequest request_;
  std::span<std::byte> buffer_;
  const disk::StoredFile* file_ = nullptr;
  std::optional<wire::ReadReply> refused_;
  Bytes length_;
  Bytes place_;  // in its file
  Bytes read_;
  wire::ChunkDigest digest_;
};

}  // namespace mpiferry::operations
