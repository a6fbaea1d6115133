// A limit to the number of open files, as ulimit -n sets it.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace mpiferry::disk::test {

// For as long as it lives this process can open `more` files, if it has opened none out of order.
class OpenFileLimit {
 public:
  explicit OpenFileLimit(rlim_t more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    const rlimit limit{static_cast<rlim_t>(next) + more, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  OpenFileLimit(const OpenFileLimit&) = delete;
  OpenFileLimit& operator=(const OpenFileLimit&) = delete;
  ~OpenFileLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace mpiferry::disk::test
