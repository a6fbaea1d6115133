#include "cli/output/terminal.hpp"

#include <charconv>
#include <fcntl.h>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/process/read_file.hpp"

namespace mpiferry::cli {
namespace {

struct Process {
  std::string name;
  int parent = 0;
};

// From /proc/PID/stat: "PID (name) state parent ...".
std::optional<Process> process(int pid) {
  const std::string text = text_of(fmt::format("/proc/{}/stat", pid));
  const auto open = text.find('(');
  const auto close = text.rfind(") ");
  if (open == std::string::npos || close == std::string::npos || close + 4 > text.size()) {
    return std::nullopt;
  }
  Process found{text.substr(open + 1, close - open - 1)};
  std::from_chars(text.data() + close + 4, text.data() + text.size(), found.parent);
  return found;
}

}  // namespace

std::optional<Terminal> Terminal::open(int pid, int descriptor) {
  const std::string path = fmt::format("/proc/{}/fd/{}", pid, descriptor);
  disk::Descriptor opened{::open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)};
  if (!opened || ::isatty(opened.get()) != 1) return std::nullopt;
  return Terminal{std::move(opened)};
}

std::optional<Terminal> Terminal::behind(int descriptor) {
  if (::isatty(descriptor) == 1) {
    disk::Descriptor copy{::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)};
    return copy ? std::optional{Terminal{std::move(copy)}} : std::nullopt;
  }
  // rank <- proxy <- mpirun: a few steps up at most.
  int pid = ::getppid();
  for (int step = 0; step < 4 && pid > 1; ++step) {
    const auto it = process(pid);
    if (!it) return std::nullopt;
    if (it->name.starts_with("mpirun") || it->name.starts_with("mpiexec")) {
      return open(pid, descriptor);
    }
    pid = it->parent;
  }
  return std::nullopt;
}

std::size_t Terminal::columns() const {
  constexpr std::size_t kUsual = 80;
  winsize size{};
  if (::ioctl(descriptor_.get(), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsual;
  return size.ws_col;
}

}  // namespace mpiferry::cli
