// The chunk files of a job, made by plain processes: chunk i by writer i % writers, from a hot
// buffer, by open (final name), write and close. No MPI, no digests, no rename, no manifest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace mpiferry::limits {

struct ChunkFiles {
  int writers = 1;
  std::uint64_t chunk = 1;  // bytes; the last file may be shorter
  std::uint64_t bytes = 0;  // of all files
  std::filesystem::path directory;
  enum class How : std::uint8_t {
    cached,
    fsync,   // each file before it is closed, and the directory at the end
    direct,  // past the page cache but for what is no multiple of 4096 bytes; syncfs at the end
  };
  How how = How::cached;

  std::uint64_t count() const { return bytes / chunk + (bytes % chunk != 0 ? 1 : 0); }
};

// Seconds from the common start to the end of the last writer; nothing if one failed, which has
// then said why.
std::optional<double> time_chunk_files(const ChunkFiles& files);

}  // namespace mpiferry::limits
