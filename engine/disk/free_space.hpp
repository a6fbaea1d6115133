// What can be known of a destination before the first byte: how much fits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/result.hpp"
#include "engine/base/units.hpp"
#include "engine/disk/directory.hpp"

namespace mpiferry::disk {

// As it was when it was asked; others may take it meanwhile. Nothing: the file system does not say,
// or does not limit it.
struct FreeSpace {
  std::optional<Bytes> available;   // to this user; not what is kept for root
  std::optional<Bytes> quota_left;  // of this user and its group, the lesser (Storage::quota_left)
  std::optional<std::uint64_t> inodes;  // for new files of this user, quotas included
  std::uint64_t file_system = 0;        // st_dev: on one host equal for what shares the room
};

// dest_unusable with path, call and errno. Thread-safe.
Result<FreeSpace> free_space_at(const Directory& directory);

struct FileSpace {
  Bytes size;
  Bytes allocated;
};
// Of the regular file `name` there; nothing if there is none. Thread-safe.
std::optional<FileSpace> space_of(const Directory& directory, const std::string& name) noexcept;
// How much of it needs no more room to be written anew: what it has of the disk, or its size
// without its holes, as a file system that compresses gives it less. Nothing: as above.
std::optional<Bytes> filled_space_of(const Directory& directory, const std::string& name);

}  // namespace mpiferry::disk
