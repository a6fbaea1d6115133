#include "cli/process/setup.hpp"

#include <csignal>
#include <fcntl.h>

namespace mpiferry::cli {
namespace {

// UCX, which MPICH may be built on, takes SIGHUP for itself when it is loaded, before main(). So
// the disposition that nohup sets is noted before that.
bool hangup_is_ignored = false;

void note_hangup() {
  struct sigaction action {};
  hangup_is_ignored = ::sigaction(SIGHUP, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const kBeforeLibraries)() = note_hangup;

// Makes sure that standard input, output and error exist, so that no other file gets their numbers.
void open_standard_descriptors() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    // Opened the wrong way round, so that reading and writing still fail.
    static_cast<void>(::open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY));
  }
}

}  // namespace

void set_up_process() {
  if (hangup_is_ignored) std::signal(SIGHUP, SIG_IGN);
  // A closed pipe or a file size limit makes a write fail instead of ending the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  open_standard_descriptors();
}

}  // namespace mpiferry::cli
