#include "engine/posix/file_system.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <sys/vfs.h>

namespace mpiferry::posix {
namespace {

struct Kind {
  std::uint64_t type;
  std::string_view name;
};

// statfs(2), linux/magic.h, and the sources of those that are not in the kernel.
constexpr auto kKinds = std::to_array<Kind>({
    {0xef53, "ext4"},  // and its elders, which have the same number
    {0x01021994, "tmpfs"},   {0x58465342, "xfs"},      {0x9123683e, "btrfs"},
    {0x794c7630, "overlay"}, {0x6969, "nfs"},          {0x0bd00bd0, "lustre"},
    {0x47504653, "gpfs"},    {0x19830326, "beegfs"},   {0x00c36400, "ceph"},
    {0x2fc12fc1, "zfs"},     {0x65735546, "fuse"},     {0xf2f52010, "f2fs"},
    {0x4d44, "vfat"},        {0x2011bab0, "exfat"},    {0xfe534d42, "smb"},
    {0xff534d42, "smb"},     {0x858458f6, "ramfs"},    {0xca451a4e, "bcachefs"},
    {0x01021997, "9p"},      {0x20030528, "orangefs"}, {0xaad7aaea, "panfs"},
});

}  // namespace

std::uint64_t file_system_type(const std::string& path) noexcept {
  struct statfs status {};
  if (::statfs(path.c_str(), &status) != 0) return 0;
  return static_cast<std::uint32_t>(status.f_type);  // signed on some machines
}

std::string file_system_name(std::uint64_t type) {
  if (type == 0) return "unknown";
  const auto* found = std::ranges::find(kKinds, type, &Kind::type);
  if (found != kKinds.end()) return std::string{found->name};
  std::array<char, 16> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), type, 16);
  return "0x" + std::string{digits.data(), end};
}

}  // namespace mpiferry::posix
