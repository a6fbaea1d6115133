#include "cli/output/terminal.hpp"

#include <fcntl.h>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/process/process_tree.hpp"

namespace mpiferry::cli {
std::optional<Terminal> Terminal::open(pid_t process, int descriptor) {
  const std::string path = fmt::format("/proc/{}/fd/{}", process, descriptor);
  posix::Descriptor opened{::open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)};
  if (!opened || ::isatty(opened.get()) != 1) return std::nullopt;
  return Terminal{std::move(opened)};
}

std::optional<Terminal> Terminal::behind(int descriptor) {
  if (::isatty(descriptor) == 1) {
    posix::Descriptor copy{::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)};
    return copy ? std::optional{Terminal{std::move(copy)}} : std::nullopt;
  }
  // rank <- proxy <- mpirun: a few steps up at most.
  constexpr int kMaxSteps = 4;
  pid_t process = ::getppid();
  for (int step = 0; step < kMaxSteps && process > 1; ++step) {
    if (is_named(process, {"mpirun", "mpiexec"})) return open(process, descriptor);
    process = parent_process(process);
  }
  return std::nullopt;
}

std::size_t Terminal::columns() const {
  constexpr std::size_t kDefault = 80;
  winsize size{};
  if (::ioctl(descriptor_.get(), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefault;
  return size.ws_col;
}

}  // namespace mpiferry::cli
