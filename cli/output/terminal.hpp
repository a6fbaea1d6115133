// Whether standard error or output is a terminal, and how many columns it has.
#pragma once

#include <cstddef>
#include <optional>
#include <sys/types.h>
#include <utility>

#include "engine/posix/descriptor.hpp"

namespace mpiferry::cli {

class Terminal {
 public:
  // The terminal that standard output (1) or standard error (2) is, or the one that an mpirun on
  // this host has there: launchers put a pipe between a rank and the terminal. Nothing if neither
  // is one.
  static std::optional<Terminal> behind(int descriptor);

  // Its present width; a window may be resized. 80 if it is unknown.
  std::size_t columns() const;

 private:
  explicit Terminal(posix::Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
  static std::optional<Terminal> open(pid_t process, int descriptor);

  posix::Descriptor descriptor_;
};

}  // namespace mpiferry::cli
