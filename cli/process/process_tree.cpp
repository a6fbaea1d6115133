#include "cli/process/process_tree.hpp"

#include <charconv>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

namespace mpiferry::cli {

std::string process_name(pid_t process) {
  std::string name;
  std::getline(std::ifstream{fmt::format("/proc/{}/comm", process)}, name);
  return name;
}

pid_t parent_process(pid_t process) {
  constexpr std::string_view kField = "PPid:\t";
  std::ifstream status{fmt::format("/proc/{}/status", process)};
  pid_t parent = 0;
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(kField)) continue;
    std::from_chars(line.data() + kField.size(), line.data() + line.size(), parent);
    break;
  }
  return parent;
}

}  // namespace mpiferry::cli
