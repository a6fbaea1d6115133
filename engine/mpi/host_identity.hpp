// Whether two processes run on one host: a policy without MPI.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unistd.h>
#include <utility>

#include "engine/base/machine.hpp"

namespace mpiferry::mpi {

// A name alone is not enough: machines may all be called localhost, and containers like each other.
struct HostIdentity {
  std::string name;
  std::string boot;     // of the kernel: differs between machines, and with each start
  std::string network;  // the network namespace: containers of one machine share the kernel

  // Equal on two ranks only if they share all three (but for one collision in 2^64).
  std::uint64_t hash() const noexcept {
    return std::hash<std::string>{}(name + '\n' + boot + '\n' + network);
  }
};

// Of this process. What the system does not tell is empty.
inline HostIdentity own_host_identity(std::string name) {
  HostIdentity own{.name = std::move(name), .boot = boot_id(), .network = {}};
  std::string link(64, '\0');
  const auto length = ::readlink("/proc/self/ns/net", link.data(), link.size());
  own.network = link.substr(0, length < 0 ? 0 : static_cast<std::size_t>(length));
  return own;
}

}  // namespace mpiferry::mpi
