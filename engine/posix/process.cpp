#include "engine/posix/process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/machine.hpp"
#include "engine/posix/descriptor.hpp"

namespace mpiferry::posix {
namespace {

std::string own_host() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

std::uint64_t own_pid_namespace() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

// When the process began; 0 if there is none, or if /proc hides other users' (hidepid).
// /proc/PID/stat: "PID (name) state ...", of which the start is field 22. The name may hold
// anything.
std::uint64_t start_of(std::int64_t pid) {
  constexpr int kFieldsAfterName = 20;
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  std::array<char, 1024> text{};
  const ssize_t got = file ? ::read(file.get(), text.data(), text.size()) : -1;
  std::string_view rest{text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  const std::size_t name_end = rest.rfind(')');
  if (name_end == std::string_view::npos) return 0;
  for (int field = 0; field < kFieldsAfterName; ++field) {
    const std::size_t space = rest.find(' ', field == 0 ? name_end : 1);
    if (space == std::string_view::npos) return 0;
    rest.remove_prefix(space);
  }
  std::uint64_t start = 0;
  if (rest.size() > 1) std::from_chars(rest.data() + 1, rest.data() + rest.size(), start);
  return start;
}

}  // namespace

storage::ProcessId this_process() {
  const std::int64_t pid = ::getpid();
  return {.pid = pid,
          .host = own_host(),
          .started = start_of(pid),
          .pid_namespace = own_pid_namespace(),
          .boot = boot_id()};
}

std::optional<bool> runs(const storage::ProcessId& process) {
  if (process.host != own_host() || process.boot != boot_id() ||
      process.pid_namespace != own_pid_namespace()) {
    return std::nullopt;
  }
  const std::uint64_t start = start_of(process.pid);
  if (start != 0 && process.started != 0) return start == process.started;
  if (::kill(static_cast<pid_t>(process.pid), 0) != 0 && errno == ESRCH) return false;
  return std::nullopt;
}

}  // namespace mpiferry::posix
