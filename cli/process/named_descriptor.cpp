#include "cli/process/named_descriptor.hpp"

#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/process/process_tree.hpp"
#include "engine/posix/descriptor_path.hpp"

namespace mpiferry::cli {
namespace fs = std::filesystem;
namespace {

bool is_launcher(pid_t process) { return is_named(process, {"hydra_", "mpiexec", "mpirun"}); }

// How this descriptor of a process is open (O_ACCMODE); nothing if that cannot be seen.
std::optional<int> access_of(const fs::path& process, const fs::path& descriptor) {
  const auto flags = number_in(process / "fdinfo" / descriptor, "flags:\t", /*base=*/8);
  return flags ? std::optional{*flags & O_ACCMODE} : std::nullopt;
}

// Whether this process holds the end of a pipe that is not open with `access`.
bool holds_other_end(const fs::path& process, const fs::path& pipe, int access) {
  std::error_code unseen;
  const fs::directory_iterator end;
  // The process may end meanwhile.
  for (fs::directory_iterator it{process / "fd", unseen}; it != end; it.increment(unseen)) {
    if (fs::read_symlink(*it, unseen) != pipe) continue;
    const auto other = access_of(process, it->path().filename());
    if (other && *other != access) return true;
  }
  return false;
}

// Hydra leaves sockets and pipes of its own open in its ranks. The other end of a pipe of the
// user's is elsewhere: the launcher has inherited the same end.
bool belongs_to_launcher(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return false;
  if (S_ISSOCK(status.st_mode)) return true;
  std::error_code unseen;
  const fs::path pipe = fs::read_symlink(fmt::format("/proc/self/fd/{}", descriptor), unseen);
  if (!S_ISFIFO(status.st_mode) || !pipe.native().starts_with("pipe:")) return false;
  const int access = ::fcntl(descriptor, F_GETFL) & O_ACCMODE;
  if (holds_other_end("/proc/self", pipe, access)) return true;
  constexpr int kMaxParents = 8;  // wrappers, a proxy, the launcher
  pid_t process = ::getppid();
  for (int level = 0; process > 1 && level < kMaxParents; ++level) {
    const fs::path parent{fmt::format("/proc/{}", process)};
    if (is_launcher(process) && holds_other_end(parent, pipe, access)) return true;
    process = parent_process(process);
  }
  return false;
}

}  // namespace

std::optional<Failure> check_descriptor(const std::string& path, const Launcher& launcher) {
  const auto open = posix::descriptor_path(path);
  if (!open || !open->own || open->number <= STDERR_FILENO) return std::nullopt;
  Failure refused{.code = Errc::invalid_argument, .path = path};
  if (::fcntl(open->number, F_GETFD) < 0) {
    refused.detail = "this descriptor is not open";
    refused.hint = "open it in the shell that starts the program, or name a file";
    return refused;
  }
  if (!launcher.direct || !belongs_to_launcher(open->number)) return std::nullopt;
  refused.detail = fmt::format("this descriptor belongs to {}", launcher.name);
  refused.hint = "name a file or a FIFO";
  return refused;
}

}  // namespace mpiferry::cli
