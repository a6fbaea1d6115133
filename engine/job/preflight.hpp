// What can be found before the first byte: whether what a rank writes fits, whether it may open as
// many files as it will, whether all ranks run the same program.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/disk/directory.hpp"

namespace mpiferry::job {

// invalid_argument if the limit of open files is too low for a job, or for the window of a worker
// that writes a file for each chunk.
Outcome check_open_files(storage::Storage& storage, std::uint32_t window = 0);
// The file `path` of `size` bytes: dest_unusable if the limit of this process is lower (ulimit -f).
Outcome check_file_size(storage::Storage& storage, Bytes size, const std::string& path);
// bad_version if both are known and differ. `theirs`: of rank 0.
Outcome check_build(const std::string& ours, const std::string& theirs);

// For a rank that writes `size` bytes to `path` in the directory, where `freed` bytes will become
// free before. dest_unusable with what is missing.
Outcome check_capacity(const disk::Directory& directory, const std::string& path, Bytes size,
                       Bytes freed = 0_B);
// The detail and the hint of one that finds too little.
std::string missing_space(Bytes needed, Bytes available);
inline constexpr const char* kMakeRoom = "free some space there, or name a destination elsewhere";

// Of what is known.
template <class T>
std::optional<T> least_of(const std::optional<T>& a, const std::optional<T>& b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace mpiferry::job
