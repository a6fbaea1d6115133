#include "engine/base/machine.hpp"

#include <fstream>

namespace mpiferry {

std::string boot_id() {
  std::string id;
  std::getline(std::ifstream{"/proc/sys/kernel/random/boot_id"}, id);
  return id;
}

std::string machine_id(const std::string& host) {
  std::string id = boot_id();
  return id.empty() ? host : id;
}

}  // namespace mpiferry
