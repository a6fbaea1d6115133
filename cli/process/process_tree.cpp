#include "cli/process/process_tree.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/process/whole_number.hpp"

namespace mpiferry::cli {

std::string process_name(pid_t process) {
  std::string name;
  std::getline(std::ifstream{fmt::format("/proc/{}/comm", process)}, name);
  return name;
}

bool is_named(pid_t process, std::initializer_list<std::string_view> beginnings) {
  const std::string name = process_name(process);
  return std::ranges::any_of(beginnings, [&name](auto it) { return name.starts_with(it); });
}

pid_t parent_process(pid_t process) {
  return number_in(fmt::format("/proc/{}/status", process), "PPid:\t").value_or(0);
}

std::vector<pid_t> line_of_descent() {
  // Shells and interpreters are no wrappers: what they start may be one program of several.
  static constexpr auto kWrappers = std::to_array<std::string_view>(
      {"timeout", "time", "strace", "ltrace", "perf", "flock", "setsid", "unshare"});
  constexpr std::size_t kMaxWrappers = 4;
  std::vector<pid_t> line{::getpid(), ::getppid()};
  while (line.size() < kMaxWrappers + 2 &&
         std::ranges::find(kWrappers, process_name(line.back())) != kWrappers.end()) {
    line.push_back(parent_process(line.back()));
  }
  return line;
}

pid_t starter() { return line_of_descent().back(); }

std::optional<int> number_in(const std::string& file, std::string_view field, int base) {
  std::ifstream lines{file};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(field)) continue;
    return whole_number<int>(std::string_view{line}.substr(field.size()), base);
  }
  return std::nullopt;
}

}  // namespace mpiferry::cli
