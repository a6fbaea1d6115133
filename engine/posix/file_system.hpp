// What kind of file system a path is on.
#pragma once

#include <cstdint>
#include <string>

namespace mpiferry::posix {

// The number by which Linux knows the kind (statfs, f_type); 0 if it cannot be told.
std::uint64_t file_system_type(const std::string& path) noexcept;

// "ext4", "tmpfs", "nfs"; the number itself, "0x1234", for kinds that are not in the table;
// "unknown" for 0.
std::string file_system_name(std::uint64_t type);

}  // namespace mpiferry::posix
