#include "engine/posix/descriptor_path.hpp"

#include <charconv>
#include <filesystem>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace mpiferry::posix {
namespace fs = std::filesystem;
namespace {

bool is_table_of_descriptors(const fs::path& folder) {
  struct statfs system {};
  return folder.filename() == "fd" && ::statfs(folder.c_str(), &system) == 0 &&
         system.f_type == PROC_SUPER_MAGIC;
}

std::optional<int> number_in(const std::string& name) {
  int number = -1;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data(), end, number);
  if (error != std::errc{} || rest != end || number < 0) return std::nullopt;
  return number;
}

// /proc/self/fd, or that of a thread: they share it.
bool is_own(const fs::path& folder) {
  std::error_code unknown;
  const fs::path self = fs::canonical("/proc/self", unknown);
  return !unknown && folder.string().starts_with(self.string() + "/");
}

}  // namespace

std::optional<storage::DescriptorPath> descriptor_path(const std::string& path) {
  constexpr int kMaxLinks = 40;  // as the kernel has it
  std::error_code error;
  fs::path at = fs::absolute(path, error);
  for (int links = 0; !error && links < kMaxLinks; ++links) {
    const fs::path folder = fs::canonical(at.parent_path(), error);
    if (error) return std::nullopt;
    at = folder / at.filename();
    if (is_table_of_descriptors(folder)) {
      const auto number = number_in(at.filename().string());
      return number ? std::optional{storage::DescriptorPath{*number, is_own(folder)}}
                    : std::nullopt;
    }
    if (!fs::is_symlink(at, error)) return std::nullopt;
    at = folder / fs::read_symlink(at, error);  // an absolute one replaces the folder
  }
  return std::nullopt;
}

std::string dash_for_standard_output(std::string path) {
  const auto open = descriptor_path(path);
  return open && open->own && open->number == STDOUT_FILENO ? "-" : std::move(path);
}

}  // namespace mpiferry::posix
