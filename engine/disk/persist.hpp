// Calls that a signal may interrupt.
#pragma once

#include <cerrno>

namespace mpiferry::disk {

// Makes `call`, which returns 0 or -1 with errno, again until nothing interrupts it. 0 or errno.
template <class Call>
int persist(Call call) noexcept {
  while (call() != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace mpiferry::disk
