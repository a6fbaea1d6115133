#include "engine/posix/quota.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace mpiferry::posix {

using storage::QuotaLeft;

namespace {

#ifdef SYS_quotactl_fd
constexpr long kQuotactlFd = SYS_quotactl_fd;
#else
constexpr long kQuotactlFd = 443;  // of all machines; headers before Linux 5.14 lack it
#endif

constexpr std::uint64_t kBlock = 1024;  // of a quota, in bytes, whatever the file system's are

struct Limits {
  std::uint64_t hard, soft, used;  // 0: no limit
  std::uint64_t grace_ends;        // seconds since 1970; 0: the soft limit is not passed
};

std::optional<std::uint64_t> left(const Limits& limits, std::time_t now) noexcept {
  const bool grace_over = limits.grace_ends != 0 && std::cmp_less_equal(limits.grace_ends, now);
  if (limits.soft != 0 && limits.used >= limits.soft && grace_over) return 0;
  if (limits.hard == 0) return std::nullopt;
  return limits.hard - std::min(limits.used, limits.hard);
}

template <class T>
std::optional<T> lesser(std::optional<T> a, std::optional<T> b) noexcept {
  return a && b ? std::min(*a, *b) : a ? a : b;
}

QuotaLeft quota_of(int directory, int type, std::uint32_t id) noexcept {
  dqblk quota{};
  if (::syscall(kQuotactlFd, directory, QCMD(Q_GETQUOTA, type), id, &quota) != 0) return {};
  return quota_left(quota, std::time(nullptr));
}

}  // namespace

QuotaLeft quota_left(const dqblk& quota, std::time_t now) noexcept {
  QuotaLeft result;
  const auto space = left({quota.dqb_bhardlimit * kBlock, quota.dqb_bsoftlimit * kBlock,
                           quota.dqb_curspace, quota.dqb_btime},
                          now);
  if (space) result.space = Bytes{*space};
  result.files =
      left({quota.dqb_ihardlimit, quota.dqb_isoftlimit, quota.dqb_curinodes, quota.dqb_itime}, now);
  return result;
}

QuotaLeft quota_left(int directory) noexcept {
  struct stat status {};
  // The group of new files: the directory's, if it hands it down.
  const bool inherited = ::fstat(directory, &status) == 0 && (status.st_mode & S_ISGID) != 0;
  const QuotaLeft user = quota_of(directory, USRQUOTA, ::geteuid());
  const QuotaLeft group = quota_of(directory, GRPQUOTA, inherited ? status.st_gid : ::getegid());
  return {lesser(user.space, group.space), lesser(user.files, group.files)};
}

}  // namespace mpiferry::posix
