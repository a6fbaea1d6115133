#include "bench/limits/processes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <new>
#include <span>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace mpiferry::limits {
namespace {

using Clock = std::chrono::steady_clock;  // one clock for all processes of a host

[[noreturn]] void fail(const char* call) {
  throw std::system_error{errno, std::generic_category(), call};
}

class Pipe {
 public:
  Pipe() {
    if (::pipe(ends_.data()) != 0) fail("pipe");
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_reader();
    close_writer();
  }
  void close_reader() { close(ends_[0]); }
  void close_writer() { close(ends_[1]); }
  void put() const {
    if (::write(ends_[1], "", 1) != 1) fail("write to a pipe");
  }
  // False if all writers are gone.
  bool get() const {
    char byte = 0;
    for (;;) {
      const ssize_t got = ::read(ends_[0], &byte, 1);
      if (got >= 0) return got == 1;
      if (errno != EINTR) fail("read from a pipe");
    }
  }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

// When each member ended; shared with them.
class Ends {
 public:
  explicit Ends(std::size_t count) : size_{count * sizeof(Clock::rep)} {
    void* memory =
        ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) fail("mmap");
    values_ = {static_cast<Clock::rep*>(memory), count};
  }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;
  ~Ends() { ::munmap(values_.data(), size_); }
  Clock::rep& operator[](int index) const { return values_[static_cast<std::size_t>(index)]; }
  Clock::time_point last() const {
    return Clock::time_point{Clock::duration{*std::ranges::max_element(values_)}};
  }

 private:
  std::size_t size_;
  std::span<Clock::rep> values_;
};

// In the child; returns its exit code.
int run_member(int index, const Member& member, Pipe& ready, Pipe& start, const Ends& ends) {
  ready.close_reader();
  start.close_writer();
  try {
    const Work work = member(index);
    ready.put();
    ready.close_writer();  // so that the parent's get() ends also when another member fails
    start.get();
    work();
    ends[index] = Clock::now().time_since_epoch().count();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "process %d: %s\n", index, error.what());
    return 1;
  }
}

}  // namespace

std::optional<double> time_together(int count, const Member& member) {
  Pipe ready;
  Pipe start;
  const Ends ends{static_cast<std::size_t>(count)};
  const pid_t parent = ::getpid();
  std::vector<pid_t> children;
  for (int index = 0; index < count; ++index) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::_exit(::getppid() == parent ? run_member(index, member, ready, start, ends) : 1);
    }
    if (child < 0) fail("fork");  // the others end with us
    children.push_back(child);
  }
  ready.close_writer();
  int prepared = 0;
  while (prepared < count && ready.get()) ++prepared;
  const auto begin = Clock::now();
  start.close_writer();
  bool good = prepared == count;
  for (const pid_t child : children) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
      if (errno != EINTR) fail("waitpid");
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) good = false;
  }
  if (!good) return std::nullopt;
  return std::chrono::duration<double>(ends.last() - begin).count();
}

}  // namespace mpiferry::limits
