// A process that gets no thread any more: a limit on processes, as a batch system sets it.
#pragma once

#include <functional>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace mpiferry::test {

enum class Ran { well, badly, not_at_all };

inline constexpr const char* kWhyThreads =
    "this user's processes cannot be limited here (RLIMIT_NPROC)";

// In a child process that may start no thread, as root as somebody else, whom the limit binds:
// whether `body` has returned Ran::well. Ran::not_at_all where threads come all the same.
inline Ran without_threads(const std::function<Ran()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    const rlimit none{0, 0};
    const bool limited =
        ::setrlimit(RLIMIT_NPROC, &none) == 0 && (::geteuid() != 0 || ::setuid(kNobody) == 0);
    bool refused = false;
    try {
      std::jthread{[] {}};
    } catch (const std::system_error&) {
      refused = true;
    }
    ::_exit(static_cast<int>(limited && refused ? body() : Ran::not_at_all));
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return Ran::not_at_all;
  return WIFEXITED(status) ? static_cast<Ran>(WEXITSTATUS(status)) : Ran::badly;
}

}  // namespace mpiferry::test
