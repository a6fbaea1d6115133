// What a file has beside its bytes, as the job and the manifest carry it.
#pragma once

#include <cstdint>

namespace mpiferry::wire {

struct FileAttributes {
  std::uint32_t mode = 0;  // permission bits: 0 to 07777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t mtime_seconds = 0;       // since 1970
  std::uint32_t mtime_nanoseconds = 0;  // 0 to 999,999,999

  bool operator==(const FileAttributes&) const = default;
};

// Those bits that a file's owner, group and others have of it; set-id and sticky bits are not among
// them, which only somebody who may keep the owner may keep.
inline constexpr std::uint32_t kPermissions = 0777;
// The mode of a file of which nothing is known.
inline constexpr std::uint32_t kAnyMode = 0666;

}  // namespace mpiferry::wire
