// What happens, line by line, for those who want to read it.
#pragma once

#include <string>
#include <utility>

#include <fmt/format.h>

#include "tests/sim/world.hpp"

namespace mpiferry::sim {

// Costs nothing while it is off. Not thread-safe.
class Trace {
 public:
  Trace(const World& world, std::string* out) : world_(world), out_(out) {}

  template <class... Args>
  void operator()(fmt::format_string<Args...> format, Args&&... args) {
    if (out_ == nullptr) return;
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(world_.now().time_since_epoch())
            .count();
    fmt::format_to(std::back_inserter(*out_), "{:>7}.{:03} ms  ", microseconds / 1000,
                   microseconds % 1000);
    fmt::format_to(std::back_inserter(*out_), format, std::forward<Args>(args)...);
    *out_ += '\n';
  }
  bool on() const noexcept { return out_ != nullptr; }

 private:
  const World& world_;
  std::string* out_;  // nullptr: off
};

}  // namespace mpiferry::sim
