// What is left of the quota of a user or a group.
#pragma once

#include <ctime>
#include <sys/quota.h>

#include "engine/storage/storage.hpp"

namespace mpiferry::posix {

// By quotactl(2): up to the hard limit; nothing is left of a soft limit that has been reached and
// whose grace period is over at `now`.
storage::QuotaLeft quota_left(const dqblk& quota, std::time_t now) noexcept;

// For the files that this process makes in the open directory `directory`: the lesser of what its
// user and its group have left. Limits nothing as well where there are no quotas, where the kernel
// cannot be asked (Linux before 5.14) or may not tell, and on NFS, whose server keeps them.
// Thread-safe. Who has CAP_SYS_RESOURCE may take more.
storage::QuotaLeft quota_left(int directory) noexcept;

}  // namespace mpiferry::posix
