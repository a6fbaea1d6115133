#include "cli/named_descriptor.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "engine/disk/descriptor_path.hpp"

namespace mpiferry::cli {
namespace fs = std::filesystem;
namespace {

// The number behind `name` in a file of lines like "PPid:\t17"; nothing if there is none.
std::optional<int> field(const fs::path& file, std::string_view name, int base) {
  std::ifstream lines{file};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name)) continue;
    const std::size_t first = line.find_first_not_of(" \t", name.size());
    int number = 0;
    if (first == std::string::npos) return std::nullopt;
    const auto read = std::from_chars(line.data() + first, line.data() + line.size(), number, base);
    return read.ec == std::errc{} ? std::optional{number} : std::nullopt;
  }
  return std::nullopt;
}

bool is_launcher(const fs::path& process) {
  std::string name;
  std::getline(std::ifstream{process / "comm"}, name);
  constexpr auto kNames = std::to_array<std::string_view>({"hydra_", "mpiexec", "mpirun"});
  return std::ranges::any_of(kNames,
                             [&](std::string_view start) { return name.starts_with(start); });
}

// Whether this process holds the end of a pipe that is not open with `access`.
bool holds_other_end(const fs::path& process, const fs::path& pipe, int access) {
  std::error_code unseen;
  for (const auto& entry : fs::directory_iterator{process / "fd", unseen}) {
    if (fs::read_symlink(entry, unseen) != pipe) continue;
    const auto flags = field(process / "fdinfo" / entry.path().filename(), "flags:", 8);
    if (flags && (*flags & O_ACCMODE) != access) return true;
  }
  return false;
}

// Hydra leaves sockets and pipes of its own open in its ranks. A pipe of the user's has its other
// end elsewhere: the launcher has inherited the same end.
bool is_launchers(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return false;
  if (S_ISSOCK(status.st_mode)) return true;
  std::error_code unseen;
  const fs::path pipe = fs::read_symlink(fmt::format("/proc/self/fd/{}", descriptor), unseen);
  if (!S_ISFIFO(status.st_mode) || !pipe.native().starts_with("pipe:")) return false;
  const int access = ::fcntl(descriptor, F_GETFL) & O_ACCMODE;
  if (holds_other_end("/proc/self", pipe, access)) return true;
  constexpr int kMaxParents = 8;  // wrappers, a proxy, the launcher
  std::optional<int> process = ::getppid();
  for (int level = 0; process > 1 && level < kMaxParents; ++level) {
    const fs::path parent{fmt::format("/proc/{}", *process)};
    if (is_launcher(parent) && holds_other_end(parent, pipe, access)) return true;
    process = field(parent / "status", "PPid:", 10);
  }
  return false;
}

}  // namespace

std::optional<Failure> check_descriptor(const std::string& path, const Launcher& launcher) {
  const auto open = disk::descriptor_path(path);
  if (!open || !open->own || open->number <= STDERR_FILENO) return std::nullopt;
  Failure refused{.code = Errc::invalid_argument, .path = path};
  if (::fcntl(open->number, F_GETFD) < 0) {
    refused.detail = "this descriptor is not open";
    refused.hint = "open it in the shell that starts the program, or name a file";
    return refused;
  }
  if (!launcher.direct || !is_launchers(open->number)) return std::nullopt;
  refused.detail = fmt::format("this descriptor belongs to {}", launcher.name);
  refused.hint = "name a file or a FIFO";
  return refused;
}

}  // namespace mpiferry::cli
