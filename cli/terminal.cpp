#include "cli/terminal.hpp"

#include <charconv>
#include <fcntl.h>
#include <optional>
#include <string>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/text_of.hpp"

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

bool is_terminal(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return false;
  const bool terminal = ::isatty(descriptor) == 1;
  ::close(descriptor);
  return terminal;
}

}  // namespace

bool stderr_is_watched() {
  if (::isatty(STDERR_FILENO) == 1) return true;
  // rank <- proxy <- mpirun: a few steps up at most.
  int pid = ::getppid();
  for (int step = 0; step < 4 && pid > 1; ++step) {
    const auto it = process(pid);
    if (!it) return false;
    if (it->name.starts_with("mpirun") || it->name.starts_with("mpiexec")) {
      return is_terminal(fmt::format("/proc/{}/fd/2", pid));
    }
    pid = it->parent;
  }
  return false;
}

}  // namespace mpiferry::cli
